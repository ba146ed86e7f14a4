# npm: no package of that name.
rule "npm_missing_package" {
  category   = "missing_package"
  tool       = "npm"
  priority   = 45
  match      = <<-RE
    ^npm (?:error|ERR!) 404 +'(?P<package>@?[^@' ]+)(?:@(?P<spec>[^']*))?' is not in (?:this|the npm) registry
    ^npm (?:error|ERR!) 404 +The requested resource '(?P<package>@?[^@' ]+)(?:@(?P<spec>[^']*))?' could not be found
    ^npm (?:error|ERR!) 404 Not Found - GET https?://[^/ ]+/(?P<package>(?:@[^/ ]+(?:/|%2[fF]))?[^/ ]+) - Not found
  RE
  subject    = replace(replace(package, "%2f", "/"), "%2F", "/")
  version    = spec
  summary    = "npm finds no package called ${package}."
  summary_zh = "npm 找不到名为 ${package} 的软件包。"
  detail     = known("npm", package) == "" ? "A private package is 'not found' too when the registry's token is missing." : "Did you mean ${known("npm", package)}?"
  detail_zh  = known("npm", package) == "" ? "缺少仓库令牌时，私有软件包也会显示为“找不到”。" : "是否想写 ${known("npm", package)}？"
  fix {
    when     = known("npm", package) != ""
    title    = "Write ${known("npm", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("npm", package)}。"
    edit {
      address = "${batch}.npm[\"${package}\"]"
      set     = known("npm", package)
    }
  }
}

sample "misspelt" {
  log       = <<-LOG
    npm error code E404
    npm error 404 Not Found - GET https://registry.example/expres - Not found
    npm error 404
    npm error 404  'expres@*' is not in this registry.
  LOG
  exit_code = 1
  batch     = "template.x.batch.web"
  want      = { category = "missing_package", tool = "npm", subject = "expres", edit = "template.x.batch.web.npm[\"expres\"]=express" }
}
