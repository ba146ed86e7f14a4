# Arguments: seconds for it all, whether there is a key (yes or no), a model or
# nothing, a prompt, and the names of the variables that were passed. Each has
# its value once more in E2BT_WANT_..., to see what the template's profile
# makes of it.
limit=$1 key=$2 model=$3 prompt=$4
shift 4
given=$*
for name; do
  want=E2BT_WANT_$name
  if [[ $(printenv "$name") != "${!want}" ]]; then
    echo "e2bt:wrong $name does not reach the process as it was given: the template's profile changes it"
  fi
  unset "$want"
done
last() { grep -v '^[[:space:]]*$' <<<"$1" | tail -n 1 | cut -c 1-300; }
cli=()
if type -P claude >/dev/null; then cli=(claude); fi

sdk=0
if python=$(type -P python3 || type -P python); then
  out=$("$python" - 2>&1 <<'PY'
import importlib.util, os, sys
if importlib.util.find_spec("claude_agent_sdk") is None:
    sys.exit(3)
import claude_agent_sdk
from importlib.metadata import version
print(os.path.join(os.path.dirname(claude_agent_sdk.__file__), "_bundled", "claude"))
print(version("claude-agent-sdk"))
PY
  )
  case $? in
  0)
    sdk=1
    echo "e2bt:found Python SDK ${out##*$'\n'}"
    bundled=${out%$'\n'*} bundled=${bundled##*$'\n'}
    if [[ ${#cli[@]} == 0 && -x $bundled ]]; then cli=("$bundled"); fi
    ;;
  3) ;;
  *) sdk=1 && echo "e2bt:wrong the Python SDK cannot be imported: $(last "$out")" ;;
  esac
fi

if type -P node >/dev/null; then
  out=$(node - "$(npm root -g 2>/dev/null)" 2>&1 <<'JS'
const fs = require("fs"), path = require("path"), url = require("url");
const name = "@anthropic-ai/claude-agent-sdk";
const roots = [];
for (let at = process.cwd(); ; at = path.dirname(at)) {
  roots.push(path.join(at, "node_modules"));
  if (at === path.dirname(at)) break;
}
roots.push(...(process.env.NODE_PATH || "").split(path.delimiter), process.argv[2]);
const root = roots.find((r) => r && fs.existsSync(path.join(r, name, "package.json")));
if (!root) process.exit(3);
const about = JSON.parse(fs.readFileSync(path.join(root, name, "package.json"), "utf8"));
let entry = about.exports && about.exports["."] || about.main;
if (typeof entry === "object") entry = entry.import || entry.default;
const libc = process.report && process.report.getReport().header.glibcVersionRuntime ? "" : "-musl";
const programs = [path.join(root, name, "cli.js")];
for (const r of [root, path.join(root, name, "node_modules")])
  programs.push(path.join(r, `${name}-${process.platform}-${process.arch}${libc}`, "claude"));
import(url.pathToFileURL(path.join(root, name, entry))).then(() => {
  console.log(programs.find((p) => fs.existsSync(p)) || "");
  console.log(about.version);
  process.exit(0);
}, (e) => {
  console.error(String(e.message).split("\n")[0]);
  process.exit(1);
});
JS
  )
  case $? in
  0)
    sdk=1
    echo "e2bt:found Node SDK ${out##*$'\n'}"
    bundled=${out%$'\n'*} bundled=${bundled##*$'\n'}
    if [[ ${#cli[@]} == 0 && $bundled == *.js ]]; then cli=(node "$bundled"); fi
    if [[ ${#cli[@]} == 0 && -x $bundled ]]; then cli=("$bundled"); fi
    ;;
  3) ;;
  *) sdk=1 && echo "e2bt:wrong the Node SDK cannot be imported: $(last "$out")" ;;
  esac
fi

if ((${#cli[@]} == 0)); then
  if ((sdk)); then
    echo "e2bt:wrong there is no claude program, and the SDK brings none"
  else
    echo "e2bt:wrong there is neither an Agent SDK nor a claude program"
  fi
  exit
fi
export DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 CLAUDE_CODE_MAX_RETRIES=2
out=$("${cli[@]}" --version </dev/null 2>&1)
code=$?
if ((code != 0)); then
  echo "e2bt:wrong claude does not start, exit code $code: $(last "$out")"
  exit
fi
echo "e2bt:found claude ${out%% *}"
if [[ $key == no ]]; then
  echo "e2bt:skipped no key to ask it something with: set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN here or in .env"
  exit
fi
cd "$(mktemp -d)" || exit
out=$(timeout $((limit - SECONDS)) "${cli[@]}" -p "$prompt" --max-turns 1 ${model:+--model "$model"} </dev/null 2>&1)
code=$?
with="${ANTHROPIC_BASE_URL:+ by $ANTHROPIC_BASE_URL}${given:+, with $given}"
if ((code == 124)); then
  echo "e2bt:wrong a request was not answered in time$with"
elif ((code != 0)) || [[ -z ${out//[[:space:]]/} ]]; then
  echo "e2bt:wrong a request was not answered$with, exit code $code: $(last "$out")"
else
  echo "e2bt:found it answers"
fi
