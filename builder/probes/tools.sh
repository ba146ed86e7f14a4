# Arguments: programs. Each has to be there and to start; says which version.
for tool; do
  if ! type -P -- "$tool" >/dev/null; then
    echo "e2bt:wrong $tool is not there"
    continue
  fi
  for flag in --version version -version -V; do
    out=$(timeout 20 "$tool" "$flag" </dev/null 2>&1)
    code=$?
    ((code == 0 || code == 124)) && break
    if ((code == 126 || code == 127 || code > 128 && code < 160)) ||
      [[ $out =~ Traceback|'Cannot find module'|SyntaxError|'error while loading' ]]; then
      echo "e2bt:wrong $tool does not start, exit code $code: $(tail -n 1 <<<"$out" | cut -c 1-200)"
      continue 2
    fi
  done
  if [[ $out =~ [0-9]+(\.[0-9]+)+[-+._~0-9A-Za-z]* ]] && ((code == 0)); then
    echo "e2bt:found $tool ${BASH_REMATCH[0]}"
  else
    echo "e2bt:found $tool (no version)"
  fi
done
