# The repository has no such release any more: the suite has moved or never was.
rule "apt_release_gone" {
  category   = "version_not_found"
  tool       = "apt"
  priority   = 55
  match      = <<-RE
    (?:^E: )?The repository '\S+ (?P<suite>[\w./-]+) Release' (?:does not have|no longer has) a Release file
    仓库 “\S+ (?P<suite>[\w./-]+) Release” 没有 Release 文件
    Das Depot »\S+ (?P<suite>[\w./-]+) Release« enthält keine
    Le dépôt .* (?P<suite>[\w./-]+) Release. ne contient pas de fichier
    (?i)E: Failed to fetch \S+\.deb .*404
    (?i)无法下载 \S+\.deb .*404
    (?i)^404 +Not Found \[IP: 
  RE
  subject    = coalesce(suite, deb_package)
  version    = deb_version
  summary    = suite == "" ? "The package lists are older than the repository: ${coalesce(deb_package, "a package")} is gone from it." : "The repository has no release ${suite}."
  summary_zh = suite == "" ? "软件包列表比仓库旧：${coalesce(deb_package, "某个软件包")} 已不在仓库里。" : "仓库里没有 ${suite} 这个发行版。"
  fix {
    when     = suite != ""
    title    = "Start from a base image whose release is still served, or point its sources at the archive."
    title_zh = "换用仍有仓库支持的发行版作基础镜像，或把软件源指向归档仓库。"
  }
  fix {
    when     = suite == ""
    title    = "Run apt-get update in the same step as apt-get install, or build without cache."
    title_zh = "在同一步骤里先运行 apt-get update 再 apt-get install，或不用缓存构建。"
  }
}

fact "deb_package" {
  match = "Failed to fetch .*/(?P<deb_package>[a-z0-9][a-z0-9.+-]+)_\\S+?_\\w+\\.deb"
}

fact "deb_version" {
  match = "Failed to fetch .*/[a-z0-9][a-z0-9.+-]+_(?P<deb_version>\\S+?)_\\w+\\.deb"
}

sample "old_release" {
  log       = <<-LOG
    Err:3 http://deb.example/debian stretch Release
      404  Not Found [IP: 192.0.2.1 80]
    E: The repository 'http://deb.example/debian stretch Release' does not have a Release file.
    E: Unable to locate package nodejs
  LOG
  exit_code = 100
  want      = { category = "version_not_found", tool = "apt", subject = "stretch" }
}
