# Credentials missing, wrong or refused.
rule "auth" {
  category   = "auth"
  priority   = 80
  match      = <<-RE
    (?i)\b40[137] client error
    (?i)http code 407
    (?i)unauthorized for url|forbidden for url
    (?i)\b401\b.{0,3}unauthorized
    (?i)\b403\b.{0,3}forbidden
    (?i)http (?:error|status|code)?:? ?40[13]\b
    (?i)status(?: code)?:? 40[13]\b
    (?i)(?:returned|returned error:|server returned code|request failed:|failed with|responded with|response code) (?:status code )?(?:http )?(?:error )?40[137]\b
    ^error (?:An unexpected error occurred: ")?(?:Error: )?https?://[^/\s]+/(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+)\S*: (?:Unauthorized|Forbidden)
    bad response (?:Unauthorized 401|Forbidden 403)
    authenticated registries require a credential-provider
    no token found, please run `cargo login`
    in _prompt_for_password$
    Response Code: 40[13]\b
    (?i)\bgot 40[137]\b
    API Error: 40[13]\b
    Failed to fetch credentials for https?://(?P<host>[^/\s:]+)
    Missing credentials for https?://(?P<host>[^/\s:]+)
    Error code: 40[13]\b
    (?:Build|Template|Sandbox|E2BRequest|File\w*)(?:Error|Exception): 40[13]:
    Failed to authenticate\b
    (?:PermissionDenied|Authentication)(?:Error|Exception)\b
    npm (?:error|ERR!) code (?:E401|E403|ENEEDAUTH|EOTP)
    npm (?:error|ERR!) 40[13] .*https?://[^/\s]+/(?:download/)?(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+)(?:/(?P<version>\d[\w.+-]*))?
    ERR_PNPM_FETCH_40[13] +GET https?://[^/\s]+/(?P<package>(?:@[\w.-]+(?:/|%2[fF]))?[\w.-]+)
    GET https?://[^/\s]+/(?P<package>\S+) - 40[13]$
    YN0041: 
    (?i)invalid authentication \(
    (?i)authentication (?:is )?required
    (?i)authentication failed(?: for '?https?://(?P<host>[^'/\s]+))?
    (?i)(?:could|kann) not read (?:username|password) for '?https?://(?P<host>[^'/\s]+)
    (?i)terminal prompts disabled
    (?i)permission denied \(publickey
    (?i)host key verification failed
    (?i)remote: repository not found
    ERROR: Repository not found
    (?i)invalid username or (?:token|password)
    (?i)incorrect username or password
    (?i)http basic: access denied
    (?i)invalid (?:api key|x-api-key|bearer token|api token|authentication token|auth token)
    (?i)authentication_error|permission_error
    (?i)credit balance is too low
    (?i)please run /login
    (?i)not logged in
    (?i)oauth (?:token|authentication) (?:has expired|is invalid|is currently not|.*revoked)
    (?i)(?:api key|ANTHROPIC_API_KEY|ANTHROPIC_AUTH_TOKEN|E2B_API_KEY)\b.*(?:is required|is not set|not found|missing|not configured)
    (?i)could not resolve authentication method
    AuthenticationError: 
    (?i)no basic auth credentials
    (?i)unauthorized: (?:authentication|access|incorrect|user)
    access denied to '(?P<image_name>[^']+)': authentication required
    (?i)access token expired or revoked
    (?i)bad credentials
    (?i)authorization error accessing https?://(?P<host>[^/\s]+)\S*?/(?P<package>[\w.-]+)/?$
    (?i)lack of valid authentication credentials
    ^User for (?P<host>[a-zA-Z0-9.:-]+):
    (?i)proxy authentication required
    (?i)(?:login|log in|sign in) (?:is )?required
    (?i)you must be (?:logged in|authenticated)
    (?i)denied: (?:permission_denied|installation not allowed)
    (?i)错误 40[13]
    (?i)access to .* (?:was |is )?denied.*credentials
    (?i)unable to find image .* requires authentication
    failed to authenticate|Missing API key
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)will retry|retries left
    (?i)rate.?limit
    This module version is not available
    (?i)repository does not exist or may require
    ^# get https?://
    Could not fetch URL \S+/simple/pip/
  RE
  unless     = <<-RE
    go: .*git ls-remote .*exit status 128
    This module version is not available
    (?i)rate.?limit
  RE
  subject    = coalesce(replace(package, "%2f", "/"), replace(image_name, "docker.io/library/", ""), pulling == "" ? "" : base_reference, vcs_repo, uv_missing, failed_package, private_package, host, apt_error_host, git_host, net_host)
  version    = version
  summary    = "The server refuses without valid credentials${coalesce(host, apt_error_host, git_host, net_host) == "" ? "" : " (${coalesce(host, apt_error_host, git_host, net_host)})"}."
  summary_zh = "服务器因缺少有效凭据而拒绝${coalesce(host, apt_error_host, git_host, net_host) == "" ? "" : "（${coalesce(host, apt_error_host, git_host, net_host)}）"}。"
  fix {
    when      = claude != ""
    title     = "Give the sandbox a valid ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN, and the ANTHROPIC_BASE_URL that goes with it."
    title_zh  = "给沙箱提供有效的 ANTHROPIC_API_KEY 或 ANTHROPIC_AUTH_TOKEN，以及与之匹配的 ANTHROPIC_BASE_URL。"
    detail    = "Pass it when the sandbox starts (e2bt sandbox create --env), do not build it into the template."
    detail_zh = "在启动沙箱时传入（e2bt sandbox create --env），不要构建进模板。"
  }
}

# curl names the number alone.
rule "auth_curl" {
  category   = "auth"
  priority   = 79
  confidence = "medium"
  match      = <<-RE
    returned error: 40[137]
    错误 40[13]：
    ERROR 40[13]: 
  RE
  subject    = coalesce(net_host, command_host)
  summary    = "The server refuses (401 or 403)."
  summary_zh = "服务器拒绝访问（401 或 403）。"
}

fact "claude" {
  match = <<-RE
    (?P<claude>(?i:claude|anthropic))
    (?P<claude>Please run /login|Fix external API key)
  RE
}

fact "command_host" {
  match = "(?:curl|wget) .*https?://(?P<command_host>[a-zA-Z0-9.-]+)"
}

fact "apt_error_host" {
  match = <<-RE
    ^Err:[1-9]\d* https?://(?P<apt_error_host>[a-zA-Z0-9.-]+)
  RE
}

fact "vcs_repo" {
  match = <<-RE
    git\+(?:https|ssh)://\S*?(?P<vcs_repo>[\w.-]+?)(?:\.git)?(?:@\S+)?$
    clone of 'https?://[^/]+/(?P<vcs_repo>[^']+)' into submodule path
  RE
}

fact "uv_missing" {
  match = <<-RE
    Because (?P<uv_missing>[\w.-]+) was not found in the
    Failed to (?:download|build|download and build) `(?P<uv_missing>[A-Za-z][\w.-]*)
    Failed to fetch: `https?://\S+?/(?P<uv_missing>[\w.-]+)/`
  RE
}

fact "private_package" {
  match = "'(?P<private_package>@[\\w.-]+/[\\w.-]+)@\\S+' is not in this registry"
}

sample "npm_401" {
  log  = <<-LOG
    npm error code E401
    npm error 401 Unauthorized - GET https://registry.example/download/@acme/api/3.0.1/abc - unauthenticated
  LOG
  want = { category = "auth", tool = "npm", subject = "@acme/api", version = "3.0.1" }
}

sample "npm_expired" {
  log  = <<-LOG
    npm notice Access token expired or revoked. Please try logging in again.
    npm error code E404
    npm error 404 Not Found - GET https://registry.example/@acme/kit/-/kit-2.3.0.tgz - Not found
  LOG
  want = { category = "auth" }
}

sample "claude" {
  log  = "Invalid API key · Fix external API key"
  want = { category = "auth" }
}

sample "git" {
  log  = "fatal: could not read Username for 'https://git.example': No such device or address"
  want = { category = "auth", subject = "git.example" }
}
