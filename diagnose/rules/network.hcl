# No way to the server: DNS, refused, reset, unreachable. Warnings of this kind
# explain what package managers say after them.
rule "network_dns" {
  category = "network"
  priority = 70
  match    = <<-RE
    (?i)could not resolve (?:host|proxy)?:? ?['"]?(?P<host>[a-z0-9.-]+)
    (?i)temporary failure in name resolution
    (?i)temporary failure resolving '(?P<host>[^']+)'
    (?i)failed to resolve '(?P<host>[^']+)'
    (?i)getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>[a-z0-9.-]+)
    (?i)lookup (?P<host>[a-z0-9.-]+)(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|temporary failure)
    (?i)unable to resolve host address ['"‘“](?P<host>[a-z0-9.-]+)
    (?i)name or service not known
    (?i)failed to lookup address information
    (?i)nodename nor servname provided
    (?i)dns error
  RE
  subject  = host
  summary  = "The name ${host == "" ? "of the server" : host} cannot be resolved."
}

rule "network_connect" {
  category = "network"
  priority = 70
  match    = <<-RE
    (?i)(?:connect to|connection to) (?P<host>[a-z0-9.:-]+).*(?:connection refused|no route to host|network is unreachable)
    (?i)connect ECONNREFUSED (?P<host>[0-9a-z.:]+)
    (?i)\b(?:ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|EPIPE: broken pipe|socket hang up)\b
    (?i)connection refused
    (?i)connection reset by peer
    (?i)network is unreachable
    (?i)no route to host
    (?i)recv failure: 
    (?i)remote end closed connection without response
    (?i)connection (?:was )?closed (?:before|prematurely|unexpectedly)
    (?i)empty reply from server
    (?i)unable to connect to (?P<host>[a-z0-9.-]+)
    (?i)failed to establish a new connection
  RE
  subject  = host
  summary  = "The server ${host == "" ? "" : "${host} "}cannot be reached."
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
