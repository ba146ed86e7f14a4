# A command that is not installed or not in PATH.
rule "command_not_found" {
  category   = "command_not_found"
  priority   = 50
  match      = <<-RE
    (?:^|: )(?:line )?(?:\d+: )?(?P<name>[\w./@+-]+): command not found$
    (?:ba|da|z)?sh: (?:line )?(?:\d+: )?(?P<name>[\w./@+-]+): (?:command )?not found
    (?:^|[/ ])[\w./-]+(?:\.sh)?: (?:line )?\d+: (?P<name>[\w.@+-]+): not found$
    (?P<name>[\w./@+-]+): (?:未找到命令|找不到命令|Befehl nicht gefunden|Kommando nicht gefunden|commande introuvable|orden no encontrada|no se encontró la orden|comando não encontrado|comando non trovato|команда не найдена|コマンドが見つかりません|명령어를 찾을 수 없음)
    exec: "(?P<name>[^"]+)": executable file not found in \$PATH
    (?:^|[ '])env: ['‘](?P<name>[^'’]+)['’]: No such file or directory
    (?:failed to run command|cannot run|无法运行命令) ?['‘"](?P<name>[^'’"/ ]+)['’"]: No such file or directory
    spawn (?P<name>[\w.@+-]+) ENOENT
    FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<name>[a-z][\w+-]*)'$
    (?i)script not found "(?P<name>[^"]+)"
    (?i)missing script: "?(?P<name>[\w:.-]+)
    ERR_PNPM_NO_SCRIPT +Missing script: (?P<name>[\w:.-]+)
    (?i)error Command "(?P<name>[^"]+)" not found
    ERR_PNPM_RECURSIVE_EXEC_FIRST_FAIL +Command "(?P<name>[^"]+)" not found
    Couldn't find the binary (?P<name>[\w.@/-]+)
    Could not find an existing '(?P<name>[^']+)' binary to run
    python[\d.]*: No module named (?P<name>[\w.]+)
    (?i)couldn't find a script named "(?P<name>[^"]+)"
    (?i)failed to spawn: `?(?P<name>[^`\s]+)`?
    (?i)command not found: (?P<name>[\w.+-]+)$
    Claude Code not found at: (?P<name>\S+)
    Claude Code native binary not found at (?P<name>\S+?)\. 
    Claude Code not found\b
    CLINotFoundError
    Claude Code (?:executable|native binary) (?:not found )?at (?P<name>\S+) not found
    (?i)no such command: `?(?P<name>[\w.+-]+)
    (?i)could not determine executable to run
    sudo: (?P<name>\S+): command not found
    (?i)env: ['‘"]?(?P<name>[\w.+-]+)['’"]?: No such file or directory
    env: can't execute '(?P<name>[^']+)'
    (?:xargs|nice|nohup|setsid|stdbuf|ionice|chroot|exec|time): ['‘"]?(?P<name>[\w.+-]+)['’"]?: No such file or directory
    git: '(?P<name>[\w-]+)' is not a git command
    (?i)cannot find command '(?P<name>[^']+)'
    npm (?:error|ERR!) syscall spawn (?P<name>[\w.+-]+)
    exec: (?P<name>[\w./+-]+): not found
    (?i)executable '(?P<name>[^']+)' not found
    (?i)(?P<name>git|node|npm|python3?|java|docker|make|cmake|ffmpeg) (?:is not installed|not installed|executable not found|command not found|was not found on)
    OCI runtime exec failed: .*exec: "(?P<name>[^"]+)"
    (?i)no such (?:program|executable):? ['"`]?(?P<name>[\w.+-]+)
  RE
  except     = <<-RE
    sh: (?:line )?\d+: (?:\[\[|source|pushd|popd|declare|shopt|let|mapfile|select|typeset): not found
  RE
  subject    = name
  summary    = "The command ${name} is not there."
  summary_zh = "没有 ${name} 这个命令。"
  fix {
    when     = provides(coalesce(system, "apt"), basename(name)) != ""
    title    = "Add ${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), basename(name))}\"] to the batch."
    title_zh = "在批次里加上 ${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), basename(name))}\"]。"
    safe     = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = provides(coalesce(system, "apt"), basename(name))
    }
  }
  fix {
    when     = provides("npm", basename(name)) != ""
    title    = "Add npm = [\"${provides("npm", basename(name))}\"] to the batch."
    title_zh = "在批次里加上 npm = [\"${provides("npm", basename(name))}\"]。"
    edit {
      address = "${batch}.npm[+]"
      set     = provides("npm", basename(name))
    }
  }
  fix {
    when     = provides("pip", basename(name)) != ""
    title    = "Add pip = [\"${provides("pip", basename(name))}\"] to the batch."
    title_zh = "在批次里加上 pip = [\"${provides("pip", basename(name))}\"]。"
    edit {
      address = "${batch}.pip[+]"
      set     = provides("pip", basename(name))
    }
  }
}

rule "command_not_found_127" {
  category   = "command_not_found"
  exit_codes = [127]
  priority   = 10
  confidence = "low"
  summary    = "A command is not there: that is what exit code 127 means."
  summary_zh = "有命令不存在：退出码 127 就是这个意思。"
}

sample "bash" {
  log       = "/bin/bash: line 1: git: command not found"
  exit_code = 127
  batch     = "template.x.batch.clone"
  want      = { category = "command_not_found", subject = "git", fix = "apt = [\"git\"]", edit = "template.x.batch.clone.apt[+]=git" }
}

sample "dash" {
  log       = "sh: 1: tsc: not found"
  exit_code = 127
  want      = { category = "command_not_found", subject = "tsc", fix = "npm = [\"typescript\"]" }
}

sample "chinese" {
  log       = "/bin/bash: 行 1: pnpm: 未找到命令"
  exit_code = 127
  want      = { category = "command_not_found", subject = "pnpm" }
}

sample "silent" {
  log       = "building"
  exit_code = 127
  want      = { category = "command_not_found", confidence = "low" }
}
