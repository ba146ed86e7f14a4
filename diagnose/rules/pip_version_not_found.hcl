# pip: the package is there, the version is not.
rule "pip_version_not_found" {
  category   = "version_not_found"
  tool       = "pip"
  priority   = 48
  match      = <<-RE
    Could not find a version that satisfies the requirement (?P<package>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?P<spec>[<>=!~][^ ;(]*).*\(from versions: (?P<there>\d[^)]*)\)?
  RE
  subject    = package
  version    = spec
  summary    = "${package} has no version ${spec}."
  summary_zh = "${package} 没有 ${spec} 这个版本。"
  detail     = "Nearest: ${nearest(spec, there)}. There are: ${there}."
  detail_zh  = "最接近的：${nearest(spec, there)}。现有：${there}。"
  fix {
    when     = akin(spec, nearest(spec, there)) != ""
    title    = "Use ${package} ${nearest(spec, there)}."
    title_zh = "改用 ${package} ${nearest(spec, there)}。"
    safe     = true
    edit {
      address = "${template}.pins.pip[\"${package}\"]"
      set     = nearest(spec, there)
    }
  }
  fix {
    when     = akin(spec, nearest(spec, there)) == ""
    title    = "Use ${package} ${nearest(spec, there)}, which is another major version."
    title_zh = "改用 ${package} ${nearest(spec, there)}（主版本不同）。"
    safe     = true
    edit {
      address = "${template}.pins.pip[\"${package}\"]"
      set     = nearest(spec, there)
    }
  }
}

sample "too_new" {
  log   = <<-LOG
    ERROR: Could not find a version that satisfies the requirement claude-agent-sdk==9.9.9 (from versions: 0.0.23, 0.1.0, 0.1.3)
    ERROR: No matching distribution found for claude-agent-sdk==9.9.9
  LOG
  batch = "template.x.batch.agent"
  want  = { category = "version_not_found", tool = "pip", subject = "claude-agent-sdk", version = "==9.9.9", edit = "template.x.pins.pip[\"claude-agent-sdk\"]=0.1.3" }
}
