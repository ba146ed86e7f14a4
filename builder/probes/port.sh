# Arguments: a port, and for how many seconds it is waited for. It has to take
# connections.
port=$1 limit=$2
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || (exec 3<>"/dev/tcp/::1/$port") 2>/dev/null; do
  if ((SECONDS >= limit)); then
    open=$(while read -r _ here _ state _; do
      [[ $state == 0A ]] && echo $((16#${here##*:}))
    done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null) | sort -nu | tr '\n' ' ')
    echo "e2bt:wrong nothing answers on port $port after $limit s; open ports: ${open:-none}"
    exit
  fi
  sleep 0.2
done
