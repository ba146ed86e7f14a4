# The server answered with an error of its own (5xx).
rule "service_unavailable" {
  category   = "service_unavailable"
  priority   = 78
  match      = <<-RE
    (?i)\bERROR 5\d\d: 
    (?i)\b5\d\d (?:server|service) error
    (?i)received unexpected http status: 5\d\d
    (?i), got 5\d\d$
    (?i)\b5(?:00 +internal server error|02 +bad gateway|03 +service (?:temporarily )?unavailable|04 +gateway time-?out)
    (?i)http (?:error|status|code)?:? ?5(?:0\d|2\d)\b
    (?i)status(?: code)?:? 5(?:0\d|2\d)\b
    (?i)status_code=5\d\d
    (?i)http status server error \(5\d\d
    (?i)(?:returned|returned error:|server returned code|returned status code|request failed:|with status|responded with|response code) (?:an? )?(?:http )?(?:error )?(?:code )?5(?:0\d|2\d)\b
    bad response .{3,30} 5\d\d \(
    Response Code: 5\d\d\b
    (?i)\bgot (?:error )?5\d\d\b
    The registry appears to be down
    ^error (?:An unexpected error occurred: ")?(?:Error: )?https?://\S+: (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)
    API Error: (?:Repeated )?5\d\d\b
    Error code: 5\d\d\b
    (?:Build|Template|Sandbox|E2BRequest|File\w*)(?:Error|Exception): 5\d\d:
    statusCode: 5\d\d
    ServiceBusyException|ServiceUnavailableError|InternalServerError
    npm (?:error|ERR!) code E5\d\d
    ERR_PNPM_FETCH_5\d\d
    GET https?://\S+ - 5\d\d$
    (?i)request failed "5\d\d
    error \(5\d\d\)
    (?i)too many 5\d\d error responses
    (?i)529 overloaded|overloaded_error
    (?i)server (?:is )?(?:temporarily unavailable|overloaded)
    (?i)an internal error occurred\. please try again
    (?i)error packing CA cert bundle|syncing took too long
    HTTP 5\d\d (?:INTERNAL|BAD|SERVICE|GATEWAY)
    (?i)错误 5\d\d[：:]
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)will retry|retrying|attempt \d|retries left
  RE
  subject    = coalesce(uv_missing, pulling == "" ? "" : base_reference, failed_package, fetched_file, net_host, apt_host, apk_host)
  summary    = "The server ${coalesce(net_host, apt_host) == "" ? "" : "${coalesce(net_host, apt_host)} "}answered with an error of its own (5xx)."
  summary_zh = "服务器 ${coalesce(net_host, apt_host)} 自身出错（5xx）。"
}

rule "service_unavailable_retry" {
  category   = "service_unavailable"
  priority   = 43
  confidence = "medium"
  match      = <<-RE
    (?i)\b(?:error|status|code|http)\b.{0,20}\b50[0-4]\b.*(?:retry|retrying)
    (?i)(?:will retry|retrying).*\b50[0-4]\b
  RE
  subject    = coalesce(net_host, apt_host)
  summary    = "The server answered with errors of its own (5xx)."
  summary_zh = "服务器自身出错（5xx）。"
}

sample "npm" {
  log  = <<-LOG
    npm error code E503
    npm error 503 Service Unavailable - GET https://registry.example/express - Service Unavailable
  LOG
  want = { category = "service_unavailable", tool = "npm", subject = "registry.example", retryable = "true" }
}

sample "apt" {
  log  = <<-LOG
    Err:1 http://deb.example/debian trixie InRelease
      502  Bad Gateway [IP: 192.0.2.1 80]
    E: Unable to locate package jq
  LOG
  want = { category = "service_unavailable", subject = "deb.example" }
}

sample "e2b" {
  log    = "[base] FROM node:22-slim"
  reason = "failed to pull image 'node:22-slim': registry returned status code 503"
  want   = { category = "service_unavailable" }
}

sample "retried" {
  log  = <<-LOG
     WARN  GET https://registry.example/express error (503). Will retry in 2.5 seconds. 2 retries left.
     ERR_PNPM_NO_MATCHING_VERSION  No matching version found for axios@^77.0.0
  LOG
  want = { category = "version_not_found", subject = "axios" }
}
