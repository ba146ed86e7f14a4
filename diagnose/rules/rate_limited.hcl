# Too many requests (429 and its kin).
rule "rate_limited" {
  category   = "rate_limited"
  priority   = 84
  match      = <<-RE
    (?i)too ?many ?requests
    (?i)\b429\b.*(?:too many|rate.limit|client error|for url)
    (?i)http (?:error|status|code)?:? ?429\b
    (?i)status(?: code)?:? 429\b
    (?i)(?:returned|returned error:|server returned code|request failed:|failed with|responded with|response code) (?:status code )?(?:http )?(?:error )?429\b
    npm (?:error|ERR!) code E429
    GET https?://\S*?(?P<package>[\w.-]+) - 429$
    ERR_PNPM_FETCH_429 +GET https?://\S+?/(?P<package>[\w@%./-]+): 
    bad response Too Many Requests 429
    Response Code: 429\b
    \bgot 429\b
    (?:API Error:.*\(429\)|API Error: 429|Error code: 429)
    (?:Build|Template|Sandbox|E2BRequest|File\w*)(?:Error|Exception): 429:
    statusCode: 429
    RateLimit(?:Error|Exception)
    (?i)rate limit (?:exceeded|reached)
    (?i)api rate limit
    (?i)you have reached your (?:unauthenticated )?pull rate limit
    (?i)RateLimitError
    (?i)rate_limit_error
    (?i)maximum number of concurrent template builds
    (?i)secondary rate limit
    (?i)错误 429
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)will retry|retries left
  RE
  subject    = coalesce(package, pulling == "" ? "" : base_reference, uv_missing, failed_package, net_host)
  summary    = "The server refuses for too many requests (429)."
  summary_zh = "请求过多，服务器拒绝（429）。"
}

rule "rate_limited_github" {
  category   = "rate_limited"
  priority   = 83
  confidence = "medium"
  match      = <<-RE
    (?i)request failed: 403
    (?i)status code 403
    (?i)403.*rate limit
  RE
  when       = github_api != ""
  subject    = failed_package
  summary    = "api.github.com refuses, most often for too many requests without a token."
  summary_zh = "api.github.com 拒绝访问，最常见的原因是没有令牌而请求过多。"
  fix {
    title    = "Give the command a GitHub token (GITHUB_TOKEN), or take a version that does not ask there."
    title_zh = "给命令提供 GitHub 令牌（GITHUB_TOKEN），或换用不访问该接口的版本。"
  }
}

fact "github_api" {
  match = "(?P<github_api>api\\.github\\.com/)"
}

sample "bun" {
  log  = "error: GET https://registry.example/send - 429"
  want = { category = "rate_limited", subject = "send", retryable = "true" }
}

sample "docker" {
  log  = "toomanyrequests: You have reached your unauthenticated pull rate limit."
  want = { category = "rate_limited" }
}
