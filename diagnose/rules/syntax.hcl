# Input that does not parse: shell, requirements, JSON, TOML, YAML, Dockerfiles.
rule "syntax" {
  category   = "syntax"
  priority   = 62
  match      = <<-RE
    (?i)(?:^|: )(?:line \d+: |\d+: )?syntax error(?: near unexpected token|: |$)
    (?i)unexpected EOF while looking for matching
    (?i)syntax error: unexpected end of file
    (?i)unterminated quoted string
    (?:语法错误|未预期的|Syntaxfehler|erreur de syntaxe|error de sintaxis|erro de sintaxe)
    \$'\\r': (?:command not found|未找到命令)
    \\r': command not found
    (?i)\^M: bad interpreter
    /usr/bin/env: ['‘](?:bash|sh|python3?|node)\\r['’]
    (?i)invalid requirement: '?(?P<what>[^'"(\\]+?)'?(?: \(|$|:)
    (?i)invalid requirement
    (?i)couldn't parse requirement in `(?P<file>[^`]+)`
    (?i)failed to parse:? `(?P<what>[^`]+)`
    (?i)InvalidRequirement: 
    \bEJSONPARSE\b
    \bEINVALIDPACKAGENAME\b
    (?i)invalid package name "[^"]*" of package "(?P<what>[^"]+)"
    \b(?:EINVALIDTAGNAME|EINVALIDPACKAGETARGET|EJSONSYNTAX|EUNSUPPORTEDPROTOCOL)\b
    (?i)failed to parse json
    (?i)(?:unexpected|expected) .* in JSON at position \d+.* in (?P<file>\S+\.json)
    (?i)(?:unexpected|expected) .* in JSON .*\(when parsing \S*?(?P<file>[^/\s]+\.json)\)
    (?i)(?:unexpected token|expected) .* in JSON at position
    (?i)SyntaxError: (?P<file>\S+\.json): 
    (?i)JSONParseError|JSON5: invalid|JSONDecodeError
    (?i)error parsing (?P<file>\S+\.(?:json|toml|ya?ml))
    (?i)failed to parse ['`"](?P<file>[^'`"]+)['`"]
    (?i)failed to parse (?:lock file|manifest at|project|pyproject)
    (?i)TOMLDecodeError
    TomlError: \S*?(?P<file>[\w.-]+\.toml)
    ERR_PNPM_SPEC_NOT_SUPPORTED_BY_ANY_RESOLVER +(?P<what>.+?) isn't supported
    unrecognised dependency format: (?P<what>.+)
    ERR_PNPM_(?:JSON_PARSE|INVALID_WORKSPACE_CONFIGURATION|BAD_PACKAGE_JSON|INVALID_PACKAGE_NAME|BROKEN_LOCKFILE)
    (?i)malformed lockfile|YN0031: .*syntax
    (?i)invalid TOML
    (?i)TOML parse error
    (?i)tomli?\.?(?:lib)?\.TOMLDecodeError|tomlkit\.exceptions
    (?i)yaml\.\S*(?:Scanner|Parser)Error
    (?i)mapping values are not allowed
    (?i)YAMLException|invalid yaml|YAMLParseError
    (?i)(?:Specfile|EnvironmentSpec|SpecNotFound).*(?:invalid|not valid|parse)
    (?i)InvalidMatchSpec|InvalidVersionSpec|InvalidSpec
    (?i)dockerfile parse error
    (?i)unknown instruction: (?P<what>\S+)
    (?i)malformed (?:line|entry) \d+ in (?:source )?(?:list|list file|source)(?: file)? (?P<what>\S+)
    (?i)malformed stanza \d+ in source list (?P<file>\S+)
    (?i)the list of sources could not be read
    (?i)errors parsing (?P<file>go\.mod)
    (?i)failed to parse manifest at `\S*?(?P<file>[^/`]+)`
    The (?:Poetry configuration|Pipfile) is invalid
    Invalid TOML file \S*?(?P<file>[^/\s]+\.toml)
    Expected '[^']+' at the end of a table declaration
    (?:unclosed table|invalid table header|unquoted keys cannot be empty|key with no value)
    (?:requested )?command "?(?P<what>[\w:-]+)"? does not exist\.
    error: unrecognized subcommand '(?P<what>[^']+)'
    error: unexpected argument '(?P<what>[^']+)' found
    Failed to parse environment variable `(?P<what>[^`]+)`
    has malformed dependency groups
    Package `(?P<what>[^`]+)` references an undeclared index
    is included as a workspace member, but references a path
    Invalid (?:version|Python download) request: 
    is not a valid Python download request
    error: invalid value '(?P<what>[^']+)' for '
    The option "?(?P<what>--[\w-]+)"? does not exist
    Cannot use import statement outside a module
    CMake Error at (?P<file>\S+?):\d+:$
    (?i)malformed (?:module path|import path|go\.mod)
    (?i)could not parse (?:manifest|input as TOML)
    (?i)non-parseable POM \S*?(?P<file>[^/\s:]+)[: ]
    (?i)non-parseable (?:pom|build)
    (?i)(?:IndentationError|TabError): 
    ^SyntaxError: (?:invalid syntax|unterminated|unmatched|EOL while|unexpected EOF|Missing parentheses|f-string|'[^']+' was never closed|invalid (?:decimal|character|non-printable))
    ^SyntaxError: (?:Unexpected (?:identifier|string|number|end of input|strict mode)|missing \)|Invalid or unexpected token|Unexpected token)
    (?i)invalid option$
    (?i): unrecognized option
    (?i)unknown (?:option|flag|shorthand flag|command|subcommand):? 
    (?i)(?:no such option|unrecognized arguments|unrecognised option): 
    (?i)missing (?:destination )?(?:file )?operand|option requires an argument
    (?i)bad substitution$
    (?i)\[: .*(?:unary|binary|integer expression) (?:operator )?expected
    (?i)parse error near
    sh: (?:line )?\d+: (?P<what>\[\[|source|pushd|popd|declare|shopt|let|mapfile|select|typeset): not found
    sh: (?:line )?\d+: Bad substitution
    (?i)missing separator
    (?i)unescaped|invalid (?:control )?character in
    (?i)E: (?:Command line option|Syntax error)
    Type '[^']*' is not known on (?:line|stanza) \d+ in source list (?P<what>\S+)
    (?i)Unable to parse package file (?P<what>\S+)
    (?i)Conflicting values set for option
    (?i)npm (?:error|ERR!) Invalid Version: 
  RE
  except     = <<-RE
    Expected package name at the start
    (?i)invalid requirement: '?\.{0,2}/
    (?i)Unexpected token ['"]?(?:\?\?=|\?\.|\|\|=|&&=|\?\?)
    ^SyntaxError: Unexpected token '(?:\?\?=|\.|\?|\|\|=|&&=|\{|\*|import|export)'
    (?i)npm (?:warn|notice)
    Unexpected token '?<'?, "<
    (?i)in expansion of macro|warning: 
    (?i)trying again
  RE
  unless     = <<-RE
    (?i)Unexpected token '(?:\?\?=|\?\.|\|\|=|&&=|\?|\.)'
    (?i)requires (?:node|python) ?(?:>=|version)
  RE
  subject    = coalesce(what, file_basename != "" ? file_basename : basename(file))
  summary    = "${coalesce(what, basename(file), "What the step reads")} does not parse."
  summary_zh = "${coalesce(what, basename(file), "步骤读取的内容")} 无法解析。"
}

# uv quotes the requirement on the line above its carets.
rule "syntax_uv_requirement" {
  category   = "syntax"
  tool       = "uv"
  priority   = 64
  join       = 3
  match      = <<-RE
    Couldn't parse requirement in `[^`]+` .*? (?P<what>\S+(?: @ \S+)?) \^+
  RE
  subject    = what
  summary    = "The requirement ${what} does not parse."
  summary_zh = "无法解析依赖声明 ${what}。"
}

# The file was made executable just before, so it is there; its first line names
# an interpreter that is not, as it is when the lines end with CR LF.
rule "syntax_crlf" {
  category   = "syntax"
  priority   = 63
  confidence = "medium"
  match      = <<-RE
    sh: (?:\d+: |line \d+: )?(?P<path>\.?/?\S+): not found$
    (?P<path>/\S+): (?:cannot execute: required file not found|No such file or directory)$
  RE
  when       = chmod_path != "" && chmod_path == path
  subject    = path
  summary    = "${path} is there, but its first line names an interpreter that is not, most often because its lines end with CR LF."
  summary_zh = "${path} 存在，但它第一行所指的解释器不存在，最常见的原因是行尾为 CR LF。"
  fix {
    title    = "Convert the file to LF line ends (dos2unix, or eol=lf in .gitattributes), and check its first line."
    title_zh = "把文件转换为 LF 行尾（dos2unix，或在 .gitattributes 里写 eol=lf），并检查它的第一行。"
  }
}

fact "chmod_path" {
  match = "chmod (?:\\S+ )?(?P<chmod_path>\\S+) &&"
}

fact "file_basename" {
  match = <<-RE
    EJSONPARSE.*(?P<file_basename>package\.json)
    npm (?:error|ERR!) (?:file|path|JSON\.parse) .*?(?P<file_basename>[\w-]+\.json)
    (?P<file_basename>environment)\.ya?ml
    conda/(?:cli/main_env_create|env/specs/(?P<file_basename>yaml_file))\.py
    line \d+ of (?P<file_basename>requirements\.txt)$
    ^File ".*", line \d+, in load_(?P<file_basename>pyproject)_toml
  RE
  value = file_basename == "pyproject" ? "pyproject.toml" : length(regexall("^(environment|yaml_file|env_create)$", file_basename)) > 0 ? "environment.yml" : file_basename
}

sample "bash" {
  log       = "/bin/bash: -c: line 1: unexpected EOF while looking for matching `\"'"
  exit_code = 2
  want      = { category = "syntax" }
}

sample "crlf" {
  log       = <<-LOG
    #7 [3/3] RUN chmod +x /setup.sh && /setup.sh
    #7 0.076 /bin/sh: 1: /setup.sh: not found
  LOG
  exit_code = 127
  want      = { category = "syntax", subject = "/setup.sh", confidence = "medium" }
}

sample "requirement" {
  log  = "ERROR: Invalid requirement: 'flask=2.0' (from line 3 of requirements.txt)"
  want = { category = "syntax", subject = "flask=2.0" }
}

sample "json" {
  log  = "npm ERR! code EJSONPARSE\nnpm ERR! file /app/package.json"
  want = { category = "syntax", tool = "npm", subject = "package.json" }
}
