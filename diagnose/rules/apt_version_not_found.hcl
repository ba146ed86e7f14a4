# apt: the package is there, the version is not.
rule "apt_version_not_found" {
  category   = "version_not_found"
  tool       = "apt"
  priority   = 46
  match      = <<-RE
    Version '(?P<version>[^']+)' for '(?P<package>[^']+)' was not found
    Release '(?P<version>[^']+)' for '(?P<package>[^']+)' was not found
    未找到“(?P<package>[^”]+)”的“(?P<version>[^”]+)”版本
    Version »(?P<version>[^«]+)« für »(?P<package>[^«]+)« konnte nicht gefunden werden
    La version « (?P<version>[^»]+) » de « (?P<package>[^»]+) » n'a pu être trouvée
  RE
  subject    = package
  version    = version
  summary    = "${package} has no version ${version} in this release."
  summary_zh = "这个发行版里 ${package} 没有 ${version} 这个版本。"
  detail     = "Debian and Ubuntu keep one version of a package in a release: an older one is gone as soon as a newer one is there."
  detail_zh  = "Debian 和 Ubuntu 的一个发行版只保留软件包的一个版本：新版本一出，旧版本就没有了。"
  fix {
    when     = available == "" && length(regexall("[*]", version)) == 0
    title    = "Pin only the start of the version: ${package}=${element(split("-", version), 0)}*; or leave it out."
    title_zh = "只固定版本的开头：${package}=${element(split("-", version), 0)}*；或者不写版本。"
    safe     = true
    edit {
      address = "${batch}.apt[\"${package}\"]"
      set     = "${package}=${element(split("-", version), 0)}*"
    }
    detail    = "`apt-cache madison ${package}` lists what is there."
    detail_zh = "`apt-cache madison ${package}` 会列出现有的版本。"
  }
}

sample "old_pin" {
  log       = <<-LOG
    Reading state information...
    E: Version '1.6-1' for 'jq' was not found
  LOG
  exit_code = 100
  want      = { category = "version_not_found", tool = "apt", subject = "jq", version = "1.6-1", fix = "jq=1.6*" }
}

sample "asked" {
  log       = "E: Version '1.6-1' for 'jq' was not found"
  exit_code = 100
  batch     = "template.x.batch.system"
  versions  = "1.7.1-6 1.5-2"
  want      = { category = "version_not_found", subject = "jq", edit = "template.x.pins.apt[\"jq\"]=1.5-2" }
}
