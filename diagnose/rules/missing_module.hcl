# A module that a program imports is not installed.
rule "missing_module" {
  category   = "missing_package"
  priority   = 22
  confidence = "medium"
  tool       = node == "" ? "pip" : "npm"
  match      = <<-RE
    ^(?:\S+ )?ModuleNotFoundError: No module named '(?P<module>\w+)
    ^(?:\S+ )?ImportError: No module named '?(?P<module>\w+)
    Cannot find module '(?P<module>(?P<node>@[\w.-]+/[\w.-]+|[a-zA-Z][\w.-]*))
    Cannot find package '(?P<module>(?P<node>@[\w.-]+/[\w.-]+|[a-zA-Z][\w.-]*))' imported from
    Error: Cannot find module: '(?P<module>(?P<node>[^']+))'
    error: Cannot find (?:module|package) "(?P<module>(?P<node>[^"./][^"]*))"
  RE
  except     = <<-RE
    '(?:distutils|imp|asyncore|asynchat|pipes|cgi|_ctypes|_ssl|_sqlite3|_bz2|_lzma)
  RE
  subject    = node == "" ? coalesce(known("pip", module), replace(module, "_", "-")) : module
  summary    = "The module ${module} is not installed."
  summary_zh = "模块 ${module} 没有安装。"
  fix {
    when     = node == ""
    title    = "Install it: pip = [\"${coalesce(known("pip", module), replace(module, "_", "-"))}\"]."
    title_zh = "安装它：pip = [\"${coalesce(known("pip", module), replace(module, "_", "-"))}\"]。"
    edit {
      address = "${batch}.pip[+]"
      set     = coalesce(known("pip", module), replace(module, "_", "-"))
    }
  }
  fix {
    when     = node != ""
    title    = "Install it: npm = [\"${module}\"], or run npm install where its package.json is."
    title_zh = "安装它：npm = [\"${module}\"]，或在 package.json 所在目录运行 npm install。"
    edit {
      address = "${batch}.npm[+]"
      set     = module
    }
  }
}

sample "python" {
  log       = <<-LOG
    Traceback (most recent call last):
      File "/app/main.py", line 1, in <module>
        import yaml
    ModuleNotFoundError: No module named 'yaml'
  LOG
  exit_code = 1
  batch     = "template.x.batch.run"
  want      = { category = "missing_package", subject = "PyYAML", edit = "template.x.batch.run.pip[+]=PyYAML" }
}

sample "node" {
  log       = "Error: Cannot find module 'express'\nRequire stack:\n- /app/server.js"
  exit_code = 1
  want      = { category = "missing_package", tool = "npm", subject = "express" }
}
