# npm: the package is there, the version is not.
rule "npm_version_not_found" {
  category   = "version_not_found"
  tool       = "npm"
  priority   = 48
  match      = <<-RE
    ^npm (?:error|ERR!) (?:notarget )?No matching version found for (?P<package>@?[^@ ]+)@(?P<spec>[^ ]+?)\.?$
    ^npm (?:error|ERR!) (?:notarget )?No matching version found for (?P<package>@?[^@ ]+)@(?P<spec>[^ ]+) with a date before
  RE
  subject    = package
  version    = spec
  summary    = "${package} has no version ${spec}."
  summary_zh = "${package} 没有 ${spec} 这个版本。"
  fix {
    title     = "Choose a version that is there: `npm view ${package} versions` lists them."
    title_zh  = "选择存在的版本：`npm view ${package} versions` 会列出它们。"
    detail    = "Or leave it out of pins to take the newest."
    detail_zh = "或者从 pins 里去掉，以使用最新版本。"
  }
}

sample "too_new" {
  log       = <<-LOG
    npm error code ETARGET
    npm error notarget No matching version found for left-pad@9.9.9.
    npm error notarget In most cases you or one of your dependencies are requesting
  LOG
  exit_code = 1
  want      = { category = "version_not_found", tool = "npm", subject = "left-pad", version = "9.9.9" }
}
