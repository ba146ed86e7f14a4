# apt: no package of that name, in the languages that Debian's images come with.
rule "apt_missing_package" {
  category   = "missing_package"
  tool       = "apt"
  priority   = 45
  match      = <<-RE
    未发现软件包 (?P<package>\S+)
    無法找到套件 (?P<package>\S+)
    找不到套件 (?P<package>\S+)
    软件包 (?P<package>\S+) 没有可安装候选
    “(?P<package>[^”]+)”没有可供安装的候选
    패키지를 찾을 수 없습니다
    Unable to locate package (?P<package>[a-zA-Z0-9][\w.+:-]*)
    Couldn't find any package by (?:glob|regex) '(?P<package>[^']+)'
    Package '(?P<package>[^']+)' has no installation candidate
    Package (?P<package>\S+) is not available, but is referred to by another package
    无法定位软件包 (?P<package>\S+)
    没有可安装候选
    Paket (?P<package>\S+) kann nicht gefunden werden
    Impossible de trouver le paquet (?P<package>\S+)
    No se ha podido localizar el paquete (?P<package>\S+)
    No se pudo localizar el paquete (?P<package>\S+)
    Impossibile trovare il pacchetto (?P<package>\S+)
    Impossível encontrar o pacote (?P<package>\S+)
    Não foi possível encontrar o pacote (?P<package>\S+)
    Невозможно найти пакет (?P<package>\S+)
    パッケージ (?P<package>\S+) が見つかりません
  RE
  subject    = package
  summary    = "apt finds no package called ${package}."
  summary_zh = "apt 找不到名为 ${package} 的软件包。"
  detail     = known("apt", package) == "" ? "" : "Did you mean ${known("apt", package)}?"
  detail_zh  = known("apt", package) == "" ? "" : "是否想写 ${known("apt", package)}？"
  fix {
    when      = length(regexall("apt(-get)? .*install", command)) > 0 && length(regexall("apt(-get)? .*update", command)) == 0
    title     = "List it in the batch: apt = [\"${package}\"], which reads the package lists first."
    detail    = "apt-get install finds nothing where no apt-get update ran before it."
    title_zh  = "把它写进批次：apt = [\"${package}\"]，会先读取软件包列表。"
    detail_zh = "没有先运行 apt-get update 时，apt-get install 什么也找不到。"
    safe      = true
    edit {
      address = "${batch}.apt[+]"
      set     = package
    }
  }
  fix {
    when     = known("apt", package) != ""
    title    = "Write ${known("apt", package)} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${known("apt", package)}。"
    edit {
      address = "${batch}.apt[\"${package}\"]"
      set     = known("apt", package)
    }
  }
}

sample "misspelt" {
  log       = <<-LOG
    Reading package lists...
    Building dependency tree...
    E: Unable to locate package nodjs
  LOG
  exit_code = 100
  batch     = "template.x.batch.system"
  want      = { category = "missing_package", tool = "apt", subject = "nodjs", edit = "template.x.batch.system.apt[\"nodjs\"]=nodejs" }
}

sample "german" {
  log  = "E: Paket htpo kann nicht gefunden werden."
  want = { category = "missing_package", subject = "htpo" }
}

sample "no_lists" {
  log       = "E: Unable to locate package jq"
  exit_code = 100
  command   = "set -e\napt-get install -y jq"
  batch     = "template.x.batch.system"
  want      = { category = "missing_package", subject = "jq", edit = "template.x.batch.system.apt[+]=jq" }
}
