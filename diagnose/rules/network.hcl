# No way to the server: DNS, refused, reset, unreachable. Warnings of this kind
# explain what package managers say after them.
rule "network_dns" {
  category   = "network"
  priority   = 77
  match      = <<-RE
    (?i)bad address '(?P<host>[^']+)'
    (?i)couldn't resolve host(?:name)?
    (?i)name resolution (?:failed|failure|error)
    DNS: (?:transient error|lookup error|error)
    (?i)could not resolve (?:host(?:name)?|proxy)\b:? ?['"]?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)
    (?i)could not resolve hostname \(could not resolve host: (?P<host>[a-z0-9.-]+)
    (?i)failed to open tcp connection to (?P<host>[a-z0-9.-]+)
    (?i)temporary failure resolving '(?P<host>[^']+)'
    (?i)temporary failure in name resolution
    (?i)failed to resolve '(?P<host>[^']+)'
    (?i)getaddrinfo(?: for host:?)? (?:ENOTFOUND|EAI_AGAIN) (?P<host>[a-z0-9.-]+)
    (?i)lookup (?P<host>[a-z0-9.-]+)(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|temporary failure)
    (?i)unable to resolve host address ['"‘“](?P<host>[a-z0-9.-]+)
    (?i)name or service not known
    (?i)failed to lookup address information
    (?i)nodename nor servname provided
    (?i)name does not resolve
    (?i)(?:unknown host|unknownhostexception:?) (?P<host>[a-z0-9.-]+)
    (?i)no address associated with hostname
    (?i)could not resolve '(?P<host>[^']+)'
    (?i)dns error
    (?i)DNS lookup (?:failed|error)
    域名解析暂时失败
    (?:未知的名称或服务|无法解析主机)
    (?:Temporärer Fehler (?:bei der Namensauflösung|beim Auflösen)|Der Name oder der Dienst ist nicht bekannt)
    (?:Échec temporaire dans la résolution|Nom ou service inconnu|Fallo temporal en la resolución|Nome ou serviço desconhecido|Falha temporária na resolução)
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)retrying \(retry\(total=[1-9]
    (?i)will retry|tries? remaining
    ^npm (?:WARN|warn)
    ^sudo: unable to resolve host
  RE
  subject    = coalesce(failed_package, pulling == "" ? "" : base_reference, host != "hostname" ? host : "", net_host, apk_host, fetched_host)
  summary    = "The name ${coalesce(host, net_host, "of the server")} cannot be resolved."
  summary_zh = "无法解析${coalesce(host, net_host) == "" ? "服务器" : " ${coalesce(host, net_host)} "}的名字。"
}

rule "network_connect" {
  category   = "network"
  priority   = 76
  match      = <<-RE
    (?i)\bConnectionRefused\b|\bConnectionReset\b|\bConnectionTimeout\b
    (?i)APIConnectionError
    (?i)network error \(check internet
    (?i)(?:fetching|ERROR:) https?://(?P<host>[^/\s:]+)\S*: (?:temporary error \(try again later\)|network error|operation timed out|connection)
    (?i)unable to (?:fetch|download|access) .*(?:network|connection) (?:error|failure)
    (?i)failed to (?:fetch|download) .*(?:connection|network)
    (?i)(?:connect to|connection to|initiate the connection to) (?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+).*(?:refused|no route|unreachable|timed out|failed)
    (?i)failed to connect to (?P<host>[a-z0-9.-]+) port \d+
    (?i)connect ECONNREFUSED (?P<host>[0-9a-z.:]+)
    (?i)\b(?:ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ECONNABORTED|EPIPE)\b
    (?i)socket hang up
    too many connection resets
    The server aborted pending request
    (?i)awaiting response\.\.\. No data received
    ^No data received\.$
    (?i)(?:Get|Head|Post) "[^"]+": (?:unexpected )?EOF$
    (?i)end of file before message length reached
    (?i)connection closed before message completed
    (?i)error reading a body from connection
    (?:DNSResolveFailed|ConnectionRefused|ConnectionClosed|ConnectionReset|FailedToOpenSocket|UnableToConnect|NetworkUnreachable|HostUnreachable) (?:downloading|extracting)
    (?i)could not connect, are you offline
    gyp ERR! stack is related to network connectivity
    gyp http fetch GET \S+ attempt \d+ failed with (?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)
    Cannot connect to the (?P<daemon>Docker) daemon at \S+
    ProxyError: Conda cannot proceed
    (?i)Max retries exceeded with url.*NewConnectionError
    (?i)connection refused
    (?i)connection reset by peer
    (?i)connection aborted
    (?i)network is unreachable
    (?i)no route to host
    (?i)recv failure: 
    (?i)remote end closed connection without response
    (?i)connection (?:was )?closed (?:before|prematurely|unexpectedly)
    (?i)connectionreseterror|connectionrefusederror
    (?i)empty reply from server
    (?i)unable to connect to (?P<host>[a-z0-9.-]+):(?:https?|\d+)
    (?i)failed to establish a new connection
    (?i)tls connection was non-properly terminated
    (?i)gnutls recv error \(-(?:9|54|110)\)
    (?i)unexpected disconnect while reading sideband packet
    (?i)unexpected eof while reading
    (?i)SSL_ERROR_SYSCALL|SSL_read: .*(?:errno 104|Connection reset)
    (?i)transfer closed with .* (?:bytes remaining|outstanding read data)
    (?i)(?:incompleteread|incompletemessage|connection broken: )
    (?i)early eof$
    (?i)operation canceled.*connect|tcp connect error
    (?i)error sending request for url
    (?i)FailedToOpenSocket|ConnectionClosed|Unable to connect\. Is the computer able
    failed: (?:拒绝连接|连接超时|Verbindungsaufbau abgelehnt|Connexion refusée)
    (?:拒绝连接|没有到主机的路由|网络不可达|Verbindungsaufbau abgelehnt|Das Netzwerk ist nicht erreichbar|Connexion refusée|Le réseau n'est pas accessible|Conexión rehusada|Conexão recusada)
    curl: \((?:5|6|7|52|56)\) 
    ^Connecting to .* failed: Connection timed out\.$
    ^正在连接 .* 失败：
    (?i)connect(?:ion)? \(110: 
    (?i)connect to \S+ .*\(\d+: 
    (?i)connection timed out after \d+ milliseconds
    (?i)dial tcp \S+ i/o timeout
    (?i)dial tcp \S+ connect: 
    (?i)transfer failed for https?://(?P<host>[a-zA-Z0-9.-]+)
    CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https?://(?P<host>[a-zA-Z0-9.-]+)
    ERR_PNPM_META_FETCH_FAIL
    (?i)proxyerror|tunnel connection failed: 50|unable to connect to proxy|proxy CONNECT aborted
    (?i)there was a problem (?:with )?(?:your )?network
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)retrying \(retry\(total=[1-9]
    (?i)will retry|tries? remaining
    (?i)permission denied.*docker\.sock
    (?i)postgres|psql|mysql|redis|localhost|connection to server
    \[Errno 28\]
    ^(?:WARNING|ERROR|warning|error)?.*(?:MemoryError|Cannot allocate memory)
    Could not fetch URL \S+/simple/pip/
    (?i)read timed out|operation timed out
    ^npm (?:WARN|warn)
    (?i)http code 40[137] from proxy
  RE
  subject    = coalesce(failed_package, pulling == "" ? "" : base_reference, cloned != "" && host == "" ? cloned : "", host, git_host, net_host, apt_host, apk_host, fetched_host)
  summary    = "The server ${coalesce(host, git_host, net_host, apt_host) == "" ? "" : "${coalesce(host, git_host, net_host, apt_host)} "}cannot be reached, or the connection broke."
  summary_zh = "无法连接服务器${coalesce(host, git_host, net_host, apt_host) == "" ? "" : " ${coalesce(host, git_host, net_host, apt_host)}"}，或连接中断。"
  fix {
    when     = agent_api != ""
    title    = "Set ANTHROPIC_BASE_URL to the server that answers the agent, or leave it out for Anthropic's own."
    title_zh = "把 ANTHROPIC_BASE_URL 设为为智能体应答的服务器，或不设置以使用 Anthropic 自己的服务器。"
  }
}

# How Claude Code says that it does not reach its API.
fact "agent_api" {
  match = "API Error: (?P<agent_api>Connection|Request timed out|Unable to connect)"
}

sample "agent" {
  log  = "API Error: Connection error. (ECONNREFUSED)"
  want = { category = "network" }
}

# A binary made ready that cannot be had is built instead: what fails then says
# more, if anything does.
rule "network_prebuilt" {
  category   = "network"
  tool       = "npm"
  priority   = 20
  confidence = "medium"
  match      = <<-RE
    node-pre-gyp (?:ERR! install|WARN) .*(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|socket hang up|request to \S+ failed)
    prebuild-install (?i:warn|err!).*(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|socket hang up)
  RE
  subject    = failed_package
  summary    = "${coalesce(failed_package, "A package")} cannot download what it would install."
  summary_zh = "${coalesce(failed_package, "某个软件包")} 无法下载它要安装的内容。"
}

# A warning before another try. It explains a package that is not found, but not
# more: the next try may have gone well.
rule "network_retry" {
  category   = "network"
  priority   = 46
  confidence = "medium"
  match      = <<-RE
    (?i)retrying \(retry\(total=[1-9].*(?:NewConnectionError|ProtocolError|ConnectionReset|ProxyError|Name or service|resolution|RemoteDisconnected)
    (?i)spurious network error
    (?i)(?:ECONNRESET|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|socket hang up).*(?:will retry|retries left|attempt \d)
    ^info There appears to be trouble with your network connection
  RE
  unless     = "^(?:Successfully installed|added \\d+ packages|Done in )"
  subject    = net_host
  summary    = "The connection to the server broke, again and again."
  summary_zh = "与服务器的连接一再中断。"
}

sample "pip_refused_then_no_match" {
  log       = <<-LOG
    WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/flask/
    ERROR: Could not find a version that satisfies the requirement flask (from versions: none)
    ERROR: No matching distribution found for flask
  LOG
  exit_code = 1
  batch     = "template.x.batch.web"
  want      = { category = "network", retryable = "true", edit = "template.x.batch.web.retries=2" }
}

sample "apt_dns" {
  log       = <<-LOG
    W: Failed to fetch http://deb.example/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.example'
    E: Unable to locate package git
  LOG
  exit_code = 100
  want      = { category = "network", subject = "deb.example" }
}

sample "cut_in_three" {
  log  = <<-LOG
    [builder 2/3] [stderr]: c
    [builder 2/3] [stderr]: url: (6) Could not reso
    [builder 2/3] [stderr]: lve host: get.example
    [builder 3/3] [stderr]: /bin/bash: line 1: /home/user/.local/bin/claude: No such file or directory
  LOG
  want = { category = "network", subject = "get.example" }
}

sample "survived" {
  log  = <<-LOG
    WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ProtocolError('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))': /simple/flask/
    ERROR: Could not find a version that satisfies the requirement flask==99 (from versions: 2.2.5, 3.0.3)
  LOG
  want = { category = "version_not_found", subject = "flask" }
}

sample "gyp_headers" {
  log  = <<-LOG
    npm error path /app/node_modules/better-sqlite3
    npm error prebuild-install warn install getaddrinfo ENOTFOUND github.example
    npm error gyp http fetch GET https://node.example/node-v22-headers.tar.gz attempt 1 failed with ENOTFOUND
    npm error gyp ERR! configure error
    npm error gyp ERR! stack Error: This is most likely not a problem with node-gyp or the package itself and
    npm error gyp ERR! stack is related to network connectivity. In most cases you are behind a proxy or have bad
    npm error gyp ERR! not ok
  LOG
  want = { category = "network", subject = "better-sqlite3" }
}
