# What a mirror profile does to a root filesystem, and how it is undone. The
# prologue of a build saves this text, sources it and calls edit, rewrite and
# variable; the epilogue runs it with restore. It needs bash, coreutils, grep,
# sed, find and xargs.
#
# $state belongs to root alone: run (this text), orig/N (what was in the place of
# a file, with its mode, owner and times), added/N.K (the blocks that were added to
# it), manifest (what was made, in order), applied (digest and owner of every file
# afterwards), pairs (new and old text of what was replaced), hosts, caches, locks,
# before (the files that named a mirror already).

note() { printf 'mirror: %s\n' "$*"; }

declare -A saved=() lists=() apt_urls=() owners=()
names=() exports=() homes=() blocks=0
for home in /root /home/* /etc/skel; do
  case $home in *$'\n'* | *$'\t'*) continue ;; esac
  if [ -d "$home" ] && [ ! -L "$home" ]; then homes+=("$home"); fi
done

# text FILE: sets content to all of it.
text() {
  content=''
  if [ -e "$1" ]; then IFS= read -r -d '' content <"$1" || true; fi
}

# give BASE PATH: what is made in a home belongs to its owner.
give() {
  if [ -z "${owners[$1]-}" ]; then owners[$1]=$(stat -c %u:%g -- "$1"); fi
  [ "${owners[$1]}" = 0:0 ] || chown "${owners[$1]}" -- "$2"
}

# parents BASE DIR: makes a directory and those above it, for the owner of BASE.
parents() {
  [ ! -d "$2" ] || return 0
  parents "$1" "${2%/*}" || return 1
  mkdir -- "$2" 2>/dev/null || return 1
  give "$1" "$2"
  printf 'dir\t%s\n' "$2" >>"$state/manifest"
}

# save BASE PATH: keeps what is there before the first change.
save() {
  [ -z "${saved[$2]-}" ] || return 0
  local n=$((${#saved[@]} + 1))
  if [ -e "$2" ]; then
    cp -a -- "$2" "$state/orig/$n" || return 1
  else
    parents "$1" "${2%/*}" && : >"$2" && give "$1" "$2" || return 1
  fi
  saved[$2]=$n
  printf 'file\t%s\t%s\n' "$n" "$2" >>"$state/manifest"
}

# edit PATH PLACE UNLESS EXISTING TEXT ALSO...: adds TEXT to a file: at its top, its
# end, in a [section], or as a new file. It does not where a line of the file, or of
# those in ALSO, matches UNLESS: then the image has its own. ~ is every home.
edit() {
  local home name
  case $1 in
  '~/'*) for home in "${homes[@]}"; do edit_one "$home" "$home/${1#??}" "${@:2}"; done ;;
  '$'*)
    name=${1%%/*} && name=${name#?}
    if [ -n "${!name-}" ] && [ -d "${!name}" ]; then edit_one "${!name}" "${!name}/${1#*/}" "${@:2}"; fi
    ;;
  *) edit_one / "$@" ;;
  esac
}

edit_one() {
  local base=$1 path=$2 place=$3 unless=$4 existing=$5 add=$6 file content
  shift 6
  if [ -L "$path" ] || { [ -e "$path" ] && [ ! -f "$path" ]; }; then
    note "$path is no plain file: left alone"
    return
  fi
  if [ ! -e "$path" ] && [ -n "$existing" ]; then return; fi
  if [ "$place" = new ] && [ -e "$path" ]; then
    note "$path is there already: left alone"
    return
  fi
  file=$path
  if [ -n "${saved[$path]-}" ]; then file=$state/orig/${saved[$path]}; fi
  for file in "$file" "$@"; do
    file=${file/#'~'/"$base"}
    if [ -n "$unless" ] && [ -f "$file" ] && grep -qE -- "$unless" "$file"; then
      note "${file/#"$state"*/"$path"} has a source of its own: $path is left as it is"
      return
    fi
  done
  text "$path"
  case $content in *"$add"*) return ;; esac
  save "$base" "$path" || { note "$path cannot be made: left out"; return; }
  insert
  printf '%s' "$content" >"$path"
  blocks=$((blocks + 1))
  printf '%s' "$add" >"$state/added/${saved[$path]}.$blocks"
}

# insert puts $add into $content at $place.
insert() {
  case $content in '' | *$'\n') ;; *) content+=$'\n' ;; esac
  case $place in
  top) content=$add$'\n'$content ;;
  '['*)
    case $'\n'$content in
    *$'\n'"$place"$'\n'*)
      content=$'\n'$content
      content=${content/$'\n'"$place"$'\n'/$'\n'"$place"$'\n'"$add"$'\n'}
      content=${content#$'\n'}
      ;;
    *) content+=$place$'\n'$add$'\n' ;;
    esac
    ;;
  *) content+=$add$'\n' ;;
  esac
}

# replace PATH: writes $content where it is something else than what is there.
replace() {
  local new=$content content
  text "$1"
  [ "$new" != "$content" ] || return 0
  save / "$1"
  printf '%s' "$new" >"$1"
}

pair() { printf '%s\t%s\n' "$1" "$2" >>"$state/pairs"; }

# variable NAME VALUE: for login shells, and kept by sudo, unless it is set.
variable() {
  local value=${2//\'/\'\\\'\'}
  names+=("$1")
  exports+=("[ -n \"\${$1+x}\" ] || export $1='$value'")
}

# rewrite apt|apk|dnf MATCH URL...
rewrite() { "rewrite_$1" "${@:2}"; }

rewrite_apt() { apt_urls[$1]="${*:2}"; }

# apt_files gives the distribution's own sources lists of mirrors.
apt_files() {
  local f
  if [ ${#apt_urls[@]} = 0 ] || [ ! -d /etc/apt ]; then return 0; fi
  if [ ! -e /usr/lib/apt/methods/mirror+file ]; then
    note "this apt knows no lists of mirrors: its sources are left as they are"
    return
  fi
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if [ -L "$f" ] || [ ! -f "$f" ]; then continue; fi
    case $f in
    *.list) apt_lines "$f" ;;
    *.sources) apt_stanzas "$f" ;;
    esac
  done
  if [ ${#lists[@]} != 0 ]; then
    edit_one / /etc/apt/apt.conf.d/99e2bt-mirror new '' '' $'Acquire::Retries "1";\nAcquire::http::Timeout "15";\nAcquire::https::Timeout "15";'
  fi
}

# apt_lines FILE: lines such as deb [options] URI suite component...
apt_lines() {
  local content='' line form='^([[:space:]]*deb(-src)?[[:space:]]+)(\[[^]]*\][[:space:]]+)?([^[:space:]]+)([[:space:]]+)([^[:space:]]+)([[:space:]].*)?$'
  while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line =~ $form ]]; then
      local m=("${BASH_REMATCH[@]}") signed=''
      if [[ ${m[3]} =~ signed-by=([^]\ ]*) ]]; then signed=${BASH_REMATCH[1]}; fi
      case ${m[3]} in *trusted=yes*) signed=other ;; esac
      if apt_list "${m[4]}" "${m[6]}" "${m[7]%%#*}" "$signed"; then line=${m[1]}${m[3]}$list${m[5]}${m[6]}${m[7]}; fi
    fi
    content+=$line$'\n'
  done <"$1"
  write "$1"
}

# write FILE: $content, without the newline that FILE may lack at its end.
write() {
  if [ -n "$(tail -c 1 -- "$1")" ]; then content=${content%$'\n'}; fi
  replace "$1"
}

# apt_stanzas FILE: stanzas of fields. One that mixes security updates with others
# becomes two, the second as it was.
apt_stanzas() {
  local content='' line stanza=()
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    *[![:space:]]*) stanza+=("$line") ;;
    *)
      apt_stanza
      stanza=()
      content+=$line$'\n'
      ;;
    esac
  done <"$1"
  apt_stanza
  write "$1"
}

apt_stanza() {
  local line name='' uri suite out='' fast='' safe='' old form='^([A-Za-z0-9-]+):[[:space:]]*(.*)$' list
  local -A field=()
  for line in "${stanza[@]}"; do
    if [[ $line =~ $form ]]; then
      name=${BASH_REMATCH[1],,}
      field[$name]=${BASH_REMATCH[2]}
    elif [[ $line = [[:space:]]* ]] && [ -n "$name" ]; then
      field[$name]+=" $line"
    fi
  done
  local signed=${field[signed-by]-}
  if [ "${field[trusted]-}" = yes ]; then signed=other; fi
  for suite in ${field[suites]-}; do
    case $suite in *-security | */updates) safe+=" $suite" ;; *) fast+=" $suite" ;; esac
  done
  for uri in ${field[uris]-}; do
    if apt_list "$uri" "${fast:-$safe}" "${field[components]-}" "$signed"; then uri=$list; fi
    out+=" $uri"
  done
  read -r -a old <<<"${field[uris]-}"
  if [ "${out# }" = "${old[*]}" ]; then
    for line in "${stanza[@]}"; do content+=$line$'\n'; done
  elif [ -n "$fast" ] && [ -n "$safe" ]; then
    apt_fields "$out" "$fast"
    content+=$'\n'
    apt_fields " ${field[uris]}" "$safe"
  else
    apt_fields "$out" " ${field[suites]}"
  fi
}

# apt_fields URIS SUITES: the stanza with these two fields.
apt_fields() {
  local line skip='' form='^([A-Za-z0-9-]+):'
  for line in "${stanza[@]}"; do
    if [[ $line =~ $form ]]; then
      skip=''
      case ${BASH_REMATCH[1],,} in
      uris) line="${BASH_REMATCH[1]}:$1" skip=x ;;
      suites) line="${BASH_REMATCH[1]}:$2" skip=x ;;
      esac
    elif [[ $line = [[:space:]]* ]] && [ -n "$skip" ]; then
      continue
    fi
    content+=$line$'\n'
  done
}

# apt_list URI SUITES COMPONENTS KEYRING: sets list to what replaces URI, where that
# is the distribution's own and has mirrors. A source with a login, a key, a suite or a
# component of its own is somebody's own, and so is one that is a mirror already.
apt_list() {
  local uri=${1%/} rest host key suite part url n=0 lines=''
  case $uri in http://?* | https://?*) rest=${uri#*://} ;; *) return 1 ;; esac
  case $rest in */*) host=${rest%%/*} ;; *) return 1 ;; esac
  key=/${rest##*/}
  case $host in *@*) return 1 ;; esac
  case $key:$2 in /ubuntu*:*-security) key='/ubuntu security' ;; esac
  if [ -z "${apt_urls[$key]-}" ]; then return 1; fi
  for suite in $2; do
    suite=${suite%%[-/]*}
    case $suite in "$codename" | stable | oldstable | testing | unstable | sid) ;; *) [ -z "$codename" ] || return 1 ;; esac
  done
  for part in $3; do
    case $part in main | contrib | non-free | non-free-firmware | restricted | universe | multiverse) ;; *) return 1 ;; esac
  done
  case $4 in '' | */debian-archive-* | */ubuntu-archive-*) ;; *) return 1 ;; esac
  if grep -qsF -- "machine $host" /etc/apt/auth.conf /etc/apt/auth.conf.d/*; then return 1; fi
  list=${lists[$key $uri]-}
  if [ -n "$list" ]; then return 0; fi
  for url in ${apt_urls[$key]}; do
    case ${url#*://} in "$host"/*) return 1 ;; esac
    n=$((n + 1))
    if [ -z "$trust" ]; then url=${url/#https:/http:}; fi
    lines+="${url%/}/"$'\t'"priority:$n"$'\n'
  done
  n=$((${#lists[@]} + 1))
  edit_one / "/etc/apt/e2bt-mirror/$n.list" new '' '' "$lines$uri/"$'\t'"priority:99"
  list=mirror+file:/etc/apt/e2bt-mirror/$n.list
  lists[$key $uri]=$list
  pair "$list" "$1"
  apt_indexes "${rest//\//_}" "_etc_apt_e2bt-mirror_$n.list"
}

# apt_indexes OLD NEW: what the image knows of packages, under the name of the list,
# so that an install without an update goes on working.
apt_indexes() {
  local f
  for f in /var/lib/apt/lists/"$1"_dists_*; do
    if [ -f "$f" ]; then cp -a -- "$f" "/var/lib/apt/lists/$2${f#"/var/lib/apt/lists/$1"}"; fi
  done
}

rewrite_apk() {
  local content='' line tag rest f=/etc/apk/repositories
  if [ -L "$f" ] || [ ! -f "$f" ]; then return 0; fi
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    http*://*@*) ;;
    http*://*"$1"* | @*\ http*://*"$1"*)
      tag=${line%%http*} rest=${line#*"$1"}
      line=${line#"$tag"}
      pair "${2%/}/" "${line%"$rest"}"
      line=$tag${2%/}/$rest
      ;;
    esac
    content+=$line$'\n'
  done <"$f"
  write "$f"
}

# rewrite_dnf MATCH URL...: sections whose baseurl, often commented out, has MATCH.
rewrite_dnf() {
  local match=$1 f line content section base form='^#?[[:space:]]*baseurl[[:space:]]*=[[:space:]]*(https?://[^[:space:]]+)'
  shift
  for f in /etc/yum.repos.d/*.repo; do
    if [ -L "$f" ] || [ ! -f "$f" ]; then continue; fi
    content='' section='' base=''
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in '['*) dnf_section "$@" && section='' base='' ;; esac
      if [[ $line =~ $form ]] && [[ ${BASH_REMATCH[1]} = *"$match"* ]]; then base=${BASH_REMATCH[1]#*"$match"}; fi
      section+=$line$'\n'
    done <"$f"
    dnf_section "$@"
    write "$f"
    if [ -z "${saved[$f]-}" ]; then continue; fi
    blocks=$((blocks + 1))
    grep '^baseurl=' -- "$f" >"$state/added/${saved[$f]}.$blocks" || true
  done
}

dnf_section() {
  local url line
  if [ -z "$base" ]; then
    content+=$section
    return 0
  fi
  while IFS= read -r line; do
    case $line in metalink=* | mirrorlist=* | baseurl=*) line="#e2bt#$line" ;; esac
    content+=$line$'\n'
    case $line in
    '['*']')
      content+='baseurl='
      for url in "$@"; do content+="${url%/}/$base "; done
      content=${content% }$'\n'
      ;;
    esac
  done <<<"${section%$'\n'}"
}

# begin makes the state; finish writes what edit and rewrite have gathered.
begin() {
  mkdir -- "$state/orig" "$state/added"
  : >"$state/manifest"
  : >"$state/pairs"
  codename=$(. /etc/os-release 2>/dev/null && printf %s "${VERSION_CODENAME-}") || true
  trust=''
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/cert.pem; do
    if [ -s "$file" ]; then trust=$file; fi
  done
  scan >"$state/before"
}

finish() {
  local paths
  apt_files
  if [ ${#names[@]} != 0 ]; then
    edit_one / /etc/profile.d/e2bt-mirror.sh new '' '' "$(printf '%s\n' "${exports[@]}")"
    if [ -d /etc/sudoers.d ]; then
      edit_one / /etc/sudoers.d/e2bt-mirror new '' '' "Defaults env_keep += \"${names[*]}\""
      chmod 440 /etc/sudoers.d/e2bt-mirror
    fi
  fi
  paths=("${!saved[@]}")
  : >"$state/applied"
  if [ ${#paths[@]} = 0 ]; then return 0; fi
  printf '%s\0' "${paths[@]}" | digests >"$state/applied"
  note "${#paths[@]} files made or changed, until the end of the build"
}

# digests reads paths that end in NUL: digest, mode and owner, and path of each.
digests() {
  local paths
  mapfile -d '' paths
  [ ${#paths[@]} != 0 ] || return 0
  paste <(sha256sum -- "${paths[@]}" | cut -c 1-64) <(stat -c '%a:%u:%g' -- "${paths[@]}") <(printf '%s\n' "${paths[@]}")
}

# restore undoes everything, and fails where a mirror would stay in the template.
restore() {
  local kind n path sum attributes
  declare -A sums=() stats=() now=()
  while IFS=$'\t' read -r sum attributes path; do sums[$path]=$sum stats[$path]=$attributes; done <"$state/applied"
  while IFS=$'\t' read -r sum attributes path; do now[$path]="$sum $attributes"; done < <(for path in "${!sums[@]}"; do if [ -f "$path" ]; then printf '%s\0' "$path"; fi; done | digests)
  copies_of_skel
  while IFS=$'\t' read -r kind n path; do
    case $kind in
    dir) rmdir -- "$n" 2>/dev/null || true ;;
    file) put_back "$state/orig/$n" "$path" "$n" ;;
    esac
  done < <(tac -- "$state/manifest")
  other_sources
  clean
}

# leave removes the state, and the directories that were made to hold it.
leave() {
  local made dir
  made=$(cat -- "$state/made" 2>/dev/null) || true
  rm -rf -- "$state"
  for dir in $made; do rmdir -- "$dir" 2>/dev/null || true; done
}

# put_back ORIG PATH N: the bytes that were there; mode and owner, too, unless the
# template has given the file others. What the template took away stays away.
put_back() {
  if [ -L "$2" ] || [ ! -f "$2" ]; then return 0; fi
  if [ "${now[$2]%% *}" != "${sums[$2]-}" ]; then
    take_out "$1" "$2" "$3"
  else
    original "$1" "$2"
  fi
}

original() {
  if [ ! -e "$1" ]; then
    rm -f -- "$2"
  elif [ "${now[$2]#* }" = "${stats[$2]-}" ]; then
    cp -a -- "$1" "$2"
  else
    cat -- "$1" >"$2"
    touch -r "$1" -- "$2"
  fi
}

# take_out ORIG PATH N: a file that the template changed, too, keeps what is the
# template's: the blocks go, or what is left of their lines, and what was replaced
# becomes again what it was.
take_out() {
  local content line new old block lines=$'\n' kept='' rest=''
  text "$2"
  for block in "$state/added/$3".*; do
    [ -e "$block" ] || continue
    old=$(cat -- "$block")
    content=${content/"$old"$'\n'/}
    lines+=$(grep -F -f "$state/hosts" -- "$block" | tr -d ' \t"'"'" || true)$'\n'
  done
  while IFS=$'\t' read -r new old; do content=${content//"$new"/"$old"}; done <"$state/pairs"
  content=${content//'#e2bt#'/}
  while IFS= read -r line; do
    block=$(printf %s "$line" | tr -d ' \t"'"'")
    case $lines in *$'\n'"$block"$'\n'*) [ -z "$block" ] || continue ;; esac
    kept+=$line$'\n'
    case $line in '' | '['*']') ;; *) rest=x ;; esac
  done <<<"${content%$'\n'}"
  if [ -z "$content" ]; then kept=''; fi
  if [ -z "$rest" ] && [ ! -e "$1" ]; then
    rm -f -- "$2"
    return
  fi
  content=''
  if [ -e "$1" ]; then text "$1"; fi
  if [ "${kept%$'\n'}" = "${content%$'\n'}" ]; then
    original "$1" "$2"
    return
  fi
  printf '%s' "$kept" >"$2"
  note "$2 was changed during the build, too: it is kept, without the mirror"
}

# copies_of_skel finds what useradd copied for users who were made since.
copies_of_skel() {
  local skel home path
  for skel in "${!sums[@]}"; do
    case $skel in /etc/skel/*) ;; *) continue ;; esac
    for home in "${homes[@]}"; do
      path=$home${skel#/etc/skel}
      if [ -n "${sums[$path]-}" ] || [ -L "$path" ] || [ ! -f "$path" ] || ! cmp -s -- "$skel" "$path"; then continue; fi
      skel_copy "$skel" "$path"
      path=${path%/*}
      while [ "$path" != "$home" ]; do
        rmdir -- "$path" 2>/dev/null || break
        path=${path%/*}
      done
    done
  done
}

skel_copy() {
  local kind n path
  while IFS=$'\t' read -r kind n path; do
    [ "$path" = "$1" ] || continue
    if [ -e "$state/orig/$n" ]; then cat -- "$state/orig/$n" >"$2"; else rm -f -- "$2"; fi
  done <"$state/manifest"
}

# other_sources: the template may have copied a line that names a list of mirrors.
other_sources() {
  local f
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if [ -f "$f" ] && [ ! -L "$f" ] && grep -qF e2bt-mirror/ -- "$f"; then take_out "$f.none" "$f" none; fi
  done
}

# clean removes caches that are kept by a mirror's name, and are of no use without it.
clean() {
  local pattern home
  rm -f -- /var/lib/apt/lists/*e2bt-mirror* /var/lib/apt/lists/partial/*e2bt-mirror*
  if grep -q e2bt-mirror/ "$state/pairs"; then rm -f -- /var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin; fi
  while IFS= read -r pattern; do
    case $pattern in
    '~/'*) for home in "${homes[@]}"; do clean_in "$home" "${pattern#??}"; done ;;
    '$CARGO_HOME/'*) if [ -d "${CARGO_HOME-}" ]; then clean_in "$CARGO_HOME" "${pattern#*/}"; fi ;;
    *) clean_in / "${pattern#/}" ;;
    esac
  done <"$state/caches"
}

clean_in() (
  cd -- "$1"
  shopt -s nullglob
  IFS=
  rm -rf -- $2
)

# locks FILE-NAME COMMAND URL...: in lock files that were made during the build the
# mirror becomes what COMMAND says is the default.
locks() {
  local names command urls url file default find=()
  while IFS=$'\t' read -r names command urls; do
    default='' find=()
    for file in $names; do find+=(-o -name "$file"); done
    while IFS= read -r -d '' file; do
      if grep -qxF -- "$file" "$state/before" || ! grep -qF -f "$state/hosts" -- "$file" || own "$file"; then continue; fi
      if [ -z "$default" ]; then default=$(cd / && timeout 60 bash -c "$command" 2>/dev/null | tail -n 1) || true; fi
      case $default in http*://*) ;; *) break ;; esac
      for url in $urls; do
        url=$(printf %s "${url%/}" | sed 's/[][\.*^$|&]/\\&/g')
        sed "s|$url/|${default%/}/|g" -- "$file" >"$state/lock"
        cat -- "$state/lock" >"$file"
      done
    done < <(places "${find[@]:1}")
  done <"$state/locks"
}

# places TEST...: the files that configuration and package managers write, and not
# those that are the contents of packages.
places() {
  local dir dirs=()
  for dir in /etc /root /home /opt /srv /app /code /workspace /usr/local/etc /usr/local/bin/global /usr/local/share/.config /usr/local/lib/node_modules /usr/lib/node_modules /var/lib/apt /var/lib/dpkg /var/lib/pacman /var/lib/dnf /var/cache /var/log "$PWD"; do
    if [ -d "$dir" ] && [ ! -L "$dir" ] && [ "$dir" != / ]; then dirs+=("$dir"); fi
  done
  find "${dirs[@]}" -xdev \( -path '*/node_modules/[!.]*' -o -path '*/.pnpm/*/node_modules' -o -name site-packages -o -name dist-packages \
    -o -name .git -o -path '*/pkg/mod' -o -path '*/registry/src' -o -path '*/pnpm/store' -o -path '*/.m2/repository/*.pom' -o -name .rustup -o -name corepack \) -prune \
    -o -type f -size -65536k \( "$@" \) -print0
}

# scan lists the files that name a mirror, in their text or their path.
scan() {
  [ -s "$state/hosts" ] || return 0
  if ! command -v find xargs >/dev/null; then
    note "no find here: what a mirror may have left is not searched for" >&2
    return
  fi
  places -name '*' >"$state/files"
  sed 's/:[0-9]*$//' "$state/hosts" >"$state/names"
  LC_ALL=C grep -zF -f "$state/names" "$state/files" | tr '\0' '\n' || true
  LC_ALL=C xargs -0 -r grep -lF -f "$state/hosts" -- <"$state/files" 2>/dev/null || true
}

# own FILE: it is the template's, or what a repository holds, and none of ours.
own() {
  local pattern
  for pattern in "${own_files[@]}"; do
    case $1 in */"${pattern#/}") return 0 ;; esac
  done
  git -c safe.directory='*' -C "${1%/*}" ls-files --error-unmatch -- "${1##*/}" >/dev/null 2>&1
}

verify() {
  local file left=()
  while IFS= read -r file; do
    if ! grep -qxF -- "$file" "$state/before" && ! own "$file"; then left+=("$file"); fi
  done < <(scan | sort -u)
  if [ ${#left[@]} = 0 ]; then return 0; fi
  {
    note "a mirror of the profile is still named in the finished template, which would use it wherever it runs:"
    for file in "${left[@]}"; do printf 'mirror:   %s: %s\n' "$file" "$(grep -aoF -m 1 -f "$state/hosts" -- "$file" | head -n 1)"; done
    note "Take these files away in cleanup, or keep the mirror on purpose with bake = true in a mirror block."
  } >&2
  return 1
}

own_files=()
case ${1-} in
restore)
  state=${0%/*}
  set -euo pipefail
  shift
  while [ $# -gt 0 ]; do
    case $1 in
    --own-file) own_files+=("$2") ;;
    --own-host) grep -vxF -- "$2" "$state/hosts" >"$state/lock" || true; cat "$state/lock" >"$state/hosts" ;;
    esac
    shift 2
  done
  restore
  locks
  verify
  leave
  ;;
leftover)
  state=${0%/*}
  set -euo pipefail
  restore
  leave
  ;;
esac
