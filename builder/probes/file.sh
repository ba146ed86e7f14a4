# Argument: a path, which has to be there.
path=$1
case $path in '~' | '~/'*) path=$HOME${path#\~} ;; esac
if [[ -e $path ]]; then
  exit
elif [[ -L $path ]]; then
  echo "e2bt:wrong $1 is a link to $(readlink -- "$path"), which is not there"
  exit
fi
up=$path
while [[ $up == */* && ! -e $up ]]; do up=${up%/*}; done
if [[ ! -x ${up:-/} ]]; then
  echo "e2bt:wrong $1 cannot be seen: $(id -un) may not look into $up; let the check run as another user"
else
  echo "e2bt:wrong $1 is not there: ${up:-/} has no ${path#"$up"/}"
fi
