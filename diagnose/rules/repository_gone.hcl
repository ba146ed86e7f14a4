# A repository of apk, dnf or pacman that has no such release any more, or no
# longer the package that its index names.
rule "repository_gone" {
  category   = "version_not_found"
  priority   = 57
  match      = <<-RE
    (?:WARNING|ERROR): (?:fetching|opening|updating and opening) https?://\S+?/(?P<suite>v\d[\d.]*|edge|latest-stable)/\w+\S*: (?:No such file or directory|HTTP (?:error )?404|remote server returned error)
    ERROR: https?://\S+?/(?P<suite>v\d[\d.]*|edge|latest-stable)/\S*APKINDEX\S*: (?:No such file or directory|HTTP (?:error )?404|remote server returned error)
    ERROR: (?P<package>[\w.+-]+?)-(?P<version>\d[\w.]*(?:-r\d+)?): package mentioned in index not found
    Failed to download metadata for repo(?:sitory)? '(?P<suite>[^']+)'.*(?:Cannot download repomd\.xml|No URLs in mirrorlist|404)
    failed retrieving file '(?P<package>[\w.+@-]+?)-(?P<version>\d[^']*?)-(?:x86_64|any)\.pkg\.tar\.\w+' from .*404
    failed retrieving file '(?P<suite>[\w-]+)\.db' from .*404
  RE
  unless     = <<-RE
    (?i)curl error \(\d+\)
    Status code: (?:40[137]|429|5\d\d) for
  RE
  subject    = coalesce(package, suite)
  version    = version
  summary    = suite == "" ? "The repository no longer has ${package} ${version}: the package lists are older than it." : "The repository has no release ${suite}."
  summary_zh = suite == "" ? "仓库里已没有 ${package} ${version}：软件包列表比仓库旧。" : "仓库里没有 ${suite} 这个发行版。"
  fix {
    when     = suite == ""
    title    = "Refresh the package lists in the same step, or build without cache."
    title_zh = "在同一步骤里刷新软件包列表，或不用缓存构建。"
  }
  fix {
    when     = suite != ""
    title    = "Start from a base image whose release is still served, or point its repositories at the archive."
    title_zh = "换用仍有仓库支持的发行版作基础镜像，或把仓库指向归档。"
  }
}

sample "apk_release" {
  log       = <<-LOG
    fetch https://dl.example/alpine/v3.99/main/x86_64/APKINDEX.tar.gz
    WARNING: fetching https://dl.example/alpine/v3.99/main: No such file or directory
    ERROR: unable to select packages:
      curl (no such package):
        required by: world[curl]
  LOG
  exit_code = 1
  want      = { category = "version_not_found", subject = "v3.99" }
}

sample "dnf_release" {
  log       = "Error: Failed to download metadata for repo 'appstream': Cannot prepare internal mirrorlist: No URLs in mirrorlist"
  exit_code = 1
  want      = { category = "version_not_found", subject = "appstream" }
}
