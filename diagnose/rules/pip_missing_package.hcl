# pip: no package of that name. The same words follow a refused connection,
# which other rules, deeper ones, tell.
rule "pip_missing_package" {
  category   = "missing_package"
  tool       = "pip"
  priority   = 45
  confidence = "medium" # a server that refuses without a word looks the same
  match      = <<-RE
    Could not find a version that satisfies the requirement (?P<package>[A-Za-z0-9][\w.-]*)(?P<spec>\S*).*\(from versions: (?:none)?\)
    Could not find a version that satisfies the requirement (?P<package>[A-Za-z0-9][\w.-]*)(?P<spec>\S*).*from versions: none
  RE
  subject    = package
  version    = spec
  summary    = "pip finds no package called ${package}."
  summary_zh = "pip 找不到名为 ${package} 的软件包。"
  detail     = known("pip", package) == "" ? "" : "Did you mean ${known("pip", package)}?"
  detail_zh  = known("pip", package) == "" ? "" : "是否想写 ${known("pip", package)}？"
  fix {
    when      = known("pip", package) != ""
    title     = "Write ${known("pip", package)} instead of ${package}."
    title_zh  = "把 ${package} 改写为 ${known("pip", package)}。"
    detail    = "Not applied by itself: make sure that it is the package you mean."
    detail_zh = "不会自动应用：请确认这就是你想要的软件包。"
    edit {
      address = "${batch}.pip[\"${package}\"]"
      set     = known("pip", package)
    }
  }
}

# A name that was only ever there to say what the real one is.
rule "pip_deprecated_name" {
  category   = "missing_package"
  tool       = "pip"
  priority   = 59
  match      = <<-RE
    The '(?P<package>[\w.-]+)' PyPI package is deprecated, use '(?P<instead>[\w.-]+)'
  RE
  subject    = package
  summary    = "${package} is not the name of the package: it is ${instead}."
  summary_zh = "${package} 不是这个软件包的名字，应为 ${instead}。"
  fix {
    title    = "Write ${instead} instead of ${package}."
    title_zh = "把 ${package} 改写为 ${instead}。"
    edit {
      address = "${batch}.pip[\"${package}\"]"
      set     = instead
    }
  }
}

sample "sklearn" {
  log   = <<-LOG
    Collecting sklearn
      × Getting requirements to build wheel did not run successfully.
          The 'sklearn' PyPI package is deprecated, use 'scikit-learn'
          rather than 'sklearn' for pip commands.
  LOG
  batch = "template.x.batch.ml"
  want  = { category = "missing_package", subject = "sklearn", edit = "template.x.batch.ml.pip[\"sklearn\"]=scikit-learn" }
}

sample "misspelt" {
  log   = <<-LOG
    Looking in indexes: https://pypi.example/simple
    ERROR: Could not find a version that satisfies the requirement reqeusts (from versions: none)
    ERROR: No matching distribution found for reqeusts
  LOG
  batch = "template.x.batch.small"
  want  = { category = "missing_package", tool = "pip", subject = "reqeusts", fix = "Write requests", edit = "template.x.batch.small.pip[\"reqeusts\"]=requests" }
}
