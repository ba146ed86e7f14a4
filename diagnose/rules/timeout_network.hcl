# A server that stalls: read timeouts and a client that gives up waiting.
rule "timeout_network" {
  category   = "timeout"
  priority   = 77
  match      = <<-RE
    \bEIDLETIMEOUT\b
    (?i)timeout awaiting '
    (?i)timed out while waiting|gave up waiting
    (?i)\(Timeout was reached\)
    (?i)read timed out
    Read error \(Connection timed out\) in headers
    (?i)readtimeouterror
    (?i)connecttimeouterror
    (?i)connect timeout=
    (?i)tls handshake timeout
    (?i)operation too slow
    (?i)curl 28 
    curl: \(28\) (?:Operation|SSL connection)
    (?i)operation timed out
    (?i)read error at byte .*timed out
    (?i)读取.*(?:超时)
    \bE(?:SOCKET)?TIMEDOUT\b
    (?i)network timeout at: 
    (?i)ERR_SOCKET_TIMEOUT
    UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT
    (?i)request timed? ?out
    (?i)client\.timeout exceeded
    (?i)net/http: (?:request canceled|timeout awaiting)
    (?i)timeout was reached
    (?i)all attempts to connect to (?P<host>[a-z0-9.-]+) failed
    (?i)awaiting headers\)
    (?i)connection timed out\) ?\.? ?giving up
    (?i)the read operation timed out
    (?i)socket timeout|sockettimeoutexception|read timed out after
    (?i)timed out after \d+ ?ms
    (?i)request took too long|timed out while (?:fetching|downloading)
    (?i)download timed out
    (?i)execution expired
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)retrying \(retry\(total=[1-9]
    (?i)will retry|tries? remaining
    (?i)ready command
    Could not fetch URL \S+/simple/pip/
    ^npm (?:WARN|warn)
  RE
  subject    = coalesce(uv_missing, host, cloned, read_stall == "" ? "" : fetched_file, registry_host, net_host, git_host, apt_host, apk_host, fetched_host)
  summary    = "The server ${coalesce(host, net_host, git_host, apt_host)} did not answer in time."
  summary_zh = "服务器 ${coalesce(host, net_host, git_host, apt_host)} 没有及时回应。"
}

# A transfer that stalls is about the file, a connection about the host.
fact "read_stall" {
  match = "(?P<read_stall>Read error at byte|bytes received|less than \\d+ bytes/sec)"
}

fact "registry_host" {
  match = "(?:Head|Get) \"https?://(?P<registry_host>[a-zA-Z0-9.-]+(?::\\d+)?)/v2/"
}

rule "timeout_network_retry" {
  category   = "timeout"
  priority   = 46
  confidence = "medium"
  match      = <<-RE
    (?i)retrying \(retry\(total=[1-9].*timeout
    (?i)(?:ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT).*(?:will retry|retries left|attempt \d)
  RE
  unless     = "^(?:Successfully installed|added \\d+ packages|Done in )"
  subject    = net_host
  summary    = "The server did not answer in time, again and again."
  summary_zh = "服务器一再没有及时回应。"
}

sample "pip" {
  log  = <<-LOG
    WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ReadTimeoutError("HTTPSConnectionPool(host='pypi.example', port=443): Read timed out. (read timeout=15)")': /simple/flask/
    ERROR: Could not find a version that satisfies the requirement flask (from versions: none)
  LOG
  want = { category = "timeout", subject = "pypi.example", retryable = "true" }
}

sample "docker" {
  log  = "ERROR: failed to do request: Head \"https://registry.example/v2/base/manifests/12\": net/http: TLS handshake timeout"
  want = { category = "timeout" }
}
