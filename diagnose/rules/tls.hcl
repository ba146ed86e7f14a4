# Certificates and the TLS protocol.
rule "tls" {
  category   = "tls"
  priority   = 82
  match      = <<-RE
    (?i)server certificate not trusted|tls: (?:unspecified error|handshake)
    (?i)ssl_client: .*(?:handshake|certificate)
    (?i)certificate[_ ]verif(?:y|ication)[_ ]failed
    (?i)certificate verification failed
    (?i)server certificate verification failed
    (?i)the certificate is not trusted
    (?i)self[- ]signed certificate
    (?i)unable to (?:get local issuer|verify the first|get issuer) certificate
    UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT\w*)
    (?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|ERR_TLS_CERT_ALTNAME_INVALID|CERT_UNTRUSTED)
    (?i)certificate (?:has expired|is not yet valid|is not trusted|is expired|expired)
    (?i)(?:hostname|host name|ip address) .*(?:doesn't|does not) match 
    (?i)doesn't match '[^']+'
    (?i)hostname mismatch
    (?i)no alternative certificate subject name matches
    (?i)hostname/ip does not match certificate's altnames
    (?i)x509: 
    (?i)PKIX path building failed
    (?i)unable to find valid certification path
    (?i)peer certificate cannot be authenticated
    (?i)ssl certificate problem
    (?i)invalid peer certificate
    (?i)UnknownIssuer
    received corrupt message of type Invalid(?:ContentType|Message)
    \bTLSHandshakeFailed\b
    (?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS\w*|CERT_HAS_EXPIRED) downloading
    (?i)InvalidCertificate
    (?i)wrong version number
    (?i)ssl3?_get_record|packet length too long
    (?i)(?:unsupported|unknown) protocol.*ssl|ssl.*(?:unsupported protocol|unknown protocol)
    (?i)tlsv1 alert (?:protocol version|unknown ca|internal error)
    (?i)sslv3 alert handshake failure
    (?i)ssl routines:
    (?i)EPROTO\b.*ssl
    (?i)tls: (?:first record does not look|handshake failure|failed to verify|bad certificate|unknown certificate)
    (?i)http: server gave http response to https client
    (?i)gnutls_handshake\(\) failed
    (?i)no system certificates available
    (?i)(?:ssl|tls) (?:connect|handshake) error
    (?i)sslcertverificationerror
    (?i)CERT_ALTNAME
    (?i)cannot verify \S+'s certificate
    (?i)unable to establish ssl connection
    (?i)CondaSSLError
    \[SSL\] 
    (?i)error adding trust anchors|error setting certificate (?:verify locations|file)
    (?i)the certificate's owner does not match
    curl: \((?:35|51|58|60|77|83|91)\) 
    服务器证书|证书验证失败|无法验证 .*的由
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    SSL_ERROR_SYSCALL
    (?i)timed? ?out|unexpected eof while reading|connection reset|cannot allocate memory|record layer failure
    ^ERROR:  SSL verification error at depth
    Could not fetch URL \S+/simple/pip/
    error checking the latest version of pip
  RE
  unless     = "^MemoryError"
  subject    = coalesce(net_host, git_host, apt_host, apk_host, fetched_host)
  summary    = "The server's certificate, or the TLS connection to it, was not accepted${coalesce(net_host, git_host, apt_host) == "" ? "" : " (${coalesce(net_host, git_host, apt_host)})"}."
  summary_zh = "服务器的证书或与它的 TLS 连接不被接受${coalesce(net_host, git_host, apt_host) == "" ? "" : "（${coalesce(net_host, git_host, apt_host)}）"}。"
}

sample "no_certificates" {
  log  = <<-LOG
    Err:1 https://deb.example/debian trixie InRelease
      Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown.
    W: https://deb.example/debian/dists/trixie/InRelease: No system certificates available. Try installing ca-certificates.
    E: Unable to locate package jq
  LOG
  want = { category = "tls", subject = "deb.example", fix = "ca-certificates" }
}

sample "pip" {
  log  = <<-LOG
    WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)'))': /simple/flask/
    ERROR: Could not find a version that satisfies the requirement flask (from versions: none)
  LOG
  want = { category = "tls" }
}
