# A file that the step needs is not there.
rule "missing_file" {
  category   = "missing_file"
  priority   = 42
  match      = <<-RE
    cipm can only install packages with an existing (?P<path>package-lock\.json)
    `npm ci` command can only install with an existing (?P<path>package-lock\.json)
    Could not install from "(?P<path>[^"]+)" as it does not (?:exist|contain a package\.json)
    refers to a non-existing file '"?(?P<path>[^"']+)
    package\.json not found for "file:(?P<path>[^"]+)"
    (?i)invalid requirement: '(?P<path>\.{0,2}/[^']*)'
    (?P<path>\S+) (?:is not a valid editable requirement\. It )?should either be a path to a local project or a VCS url
    (?i)Distribution not found at: \S*?(?P<path>[^/\s]+)$
    (?i)(?:Project directory|Directory|Project path) `(?P<path>[^`]+)` does not exist
    (?i)(?:No environment file found at|Failed to read certificate file|Failed to read `[^`]+` directory): `?(?P<path>[^`]+)`?
    (?i)Directory not found for index: (?P<path>\S+)
    (?i)failed to (?:read|open|query metadata of)(?: from)? file `(?P<path>[^`]+)`: No such file
    (?i)unable to find lockfile at `(?P<path>[^`]+)`
    (?i)File not found: '?(?P<path>[^'`\s]+)
    python\S*: can't open file '(?:\S*/)?(?P<path>[^'/]+)'
    ^npm (?:error|ERR!) .*ENOENT: no such file or directory, open '/\S*?(?P<path>package(?:-lock)?\.json)'
    npm (?:error|ERR!) enoent Could not read (?P<path>package\.json)
    No files found in \S*?(?P<path>[^/\s]+)$
    "/(?P<path>[^"]+)"(?:: | )not found
    (?i)lockfile .*(?:not found|does not exist|is missing)
    \[Errno 2\] No such file or directory: '(?P<path>[^']+)'
    ENOENT: no such file or directory, \w+ '(?P<path>[^']+)'
    (?i)(?:cannot stat|cannot open|cannot access|can't open|can't open file|can't cd to|cannot find|can't find|could not open|unable to open|failed to open|open|stat|lstat|chdir) ['"‘“]?(?P<path>[^'"’”:]+?)['"’”]?:? (?:\[Errno 2\] )?no such file or directory
    (?i)(?:^|[ :])['"‘“]?(?P<path>[~.]?/?[\w@%+~-][\w@%+~./-]*)['"’”]?: no such file or directory$
    (?:^|[ :])['"‘“]?(?P<path>[^\s:'"‘“]+)['"’”]?: (?:没有那个文件或目录|Datei oder Verzeichnis nicht gefunden|Aucun fichier ou dossier de ce (?:type|nom)|No existe el (?:fichero|archivo) o el directorio|Arquivo ou diretório inexistente|File o directory non esistente|Нет такого файла или каталога|そのようなファイルやディレクトリはありません)
    Could not open requirements file: .*'(?P<path>[^']+)'
    "(?P<path>/[^"]+)" not found: not found
    "(?P<path>/[^"]+)": not found$
    (?i)^(?:COPY|ADD) failed: .*?(?P<path>[^\s:]+): (?:no such file|file does not exist)
    cwd '(?P<path>[^']+)' does not exist
    (?i)failed to move files in sandbox
    (?i)no files found in (?P<path>\S+)
    (?i)file not found: `(?P<path>[^`]+)`
    (?i)executable doesn't exist at \S*/ms-playwright/(?P<path>[a-z_]+?)-\d+/
    (?i)executable doesn't exist at (?P<path>\S+)
    ERR_PNPM_NO_LOCKFILE.*because (?P<path>\S+) is absent
    ERR_PNPM_NO_(?:IMPORTER|PKG)_MANIFEST.*(?P<path>package\.json)
    (?i)couldn't find a (?P<path>package\.json) file
    (?i)could not find a (?P<path>pyproject\.toml|Cargo\.toml|go\.mod|package\.json)
    (?i)could not find `(?P<path>Cargo\.toml)` in
    (?i)could not locate (?P<path>Gemfile)
    (?i)(?P<path>go\.mod) file not found in current directory
    (?i)no `(?P<path>pyproject\.toml)` found
    (?i)there is no (?P<path>POM) in this directory
    (?i)directory '(?P<path>[^']{2,})' is not installable
    (?i)neither 'setup\.py' nor '(?P<path>pyproject\.toml)' found
    (?i)Invalid requirement: '(?P<path>[^']+)': Expected package name at the start|File '(?P<path>[^']+)' does not exist
    (?i)no makefile found
    (?i)no rule to make target '(?P<path>[^']+)'\.
    (?i)the source directory "(?P<path>[^"]+)" does not (?:exist|appear to contain)
    (?i)Cannot find module '(?:/(?:app|srv|code|src|workspace|usr/src/app|home/\w+(?:/app)?)/)?(?P<path>\.{0,2}/?[^'\s]*(?:/|\.[cm]?[jt]sx?|\.json)[^'\s/]*)'
    error: Module not found "(?P<path>[^"]+)"
    (?i)\[Errno 2\] (?:没有那个文件或目录|Datei oder Verzeichnis nicht gefunden)?:? '(?P<path>[^']+)'
    (?:无法(?:获取|打开|访问)|Aufruf von stat für|impossible d'évaluer|no se puede efectuar .stat. sobre) ?['‘"»“](?P<path>[^'’"«”]+)['’"«”]
    ^bash: line \d+: 404: 
    (?i)line \d+: (?:<!DOCTYPE|<html)|syntax error near unexpected token `<'
    (?i)HTTP (?:error|status|code)?:? ?404
    (?i)\b404\b:? not found
    (?i)returned error: 404
    (?i)error(?: code)? 404
    (?i)错误 404
    (?i)status(?: code)?:? 404
    (?i)server returned code 404
    (?i)request failed:? "?404
    (?i)failed to launch \(ENOENT\)
    (?i)exists but failed to launch
    (?i)manifest unknown.*: file
    (?i)no such file or directory \(os error 2\)
    (?i)can't find a suitable configuration file
    EnvironmentFileNotFound: '(?:\S*/)?(?P<path>[^'/]+)'
    EnvironmentLocationNotFound: Not a conda environment: (?P<path>\S+)
    (?:CondaFileNotFoundError|DirectoryNotFoundError).*'(?P<path>[^']+)'
    Unsupported file (?P<path>\S+) given on commandline
    cannot find or open (?P<path>\S+?),
    tar: (?P<path>\S+): Not found in archive
    (?i)destination path '(?P<path>[^']+)' does not exist
    fatal: repository '(?P<path>[./][^']*)' does not exist
    ['"]?(?P<path>[^\s:'"]+)['"]?: (?:Cannot|无法|Funktion|Não|funzione|No se puede efectuar|Функция) ?"?open"?.*: No such file or directory
    ['"]?(?P<path>[^\s:'"]+)['"]? ?: open (?:impossible|不能): No such file or directory
    Working directory does not exist: (?P<path>\S+)
    (?:API Error|Error code): 404\b
    There's an issue with the selected model \((?P<path>[^)\[]+)
    (?:^|[.])NotFound(?:Error|Exception): 
    (?:Build|Template|Sandbox|E2BRequest|File\w*)(?:Error|Exception): 404:
    unable to prepare context: path "(?P<path>[^"]+)" not found
    404 Client Error: Not Found for url: \S*?(?P<path>[^/\s?#]+)(?:[?#]\S*)?$
    Path (?P<path>\S+) for \S+ does not exist
    (?P<path>Pipfile(?:\.lock)?) not found!
    (?:fatal: )?'(?P<path>/[^']+)' does not appear to be a git repository
    ^stat (?P<path>\S+): directory not found
    (?:cc1|cc1plus|gcc|g\+\+|clang)\S*: (?:fatal )?error: (?P<path>\S+): No such file or directory
    no (?:bin|example|test|bench) target named `(?P<path>[^`]+)`
    does not appear to be a Python project, as neither `(?P<path>pyproject\.toml)`
    Expected a Python module at: (?P<path>\S+)
    Python interpreter not found at `(?P<path>[^`]+)`
    `backend-path` entry `(?P<path>[^`]+)` does not exist
    Unable to find lockfile for Python script
    (?i)copy source (?P<path>\S+) (?:does not exist|not found)
  RE
  except     = <<-RE
    node-pre-gyp (?:ERR! install|WARN|http) 
    prebuild-install (?i:warn|http|err!|info) 
    (?i)(?:^|/)env: 
    gyp WARN
    Running `\w\S* --version` gave
    Failed to get options via
    (?i)Retrying in
    ^(?:xargs|nice|nohup|setsid|stdbuf|ionice|time): 
    (?i)bad interpreter
    (?i)message bus|start-stop-daemon|invoke-rc\.d|update-alternatives
    npm (?:error|ERR!) syscall spawn
    (?i)fatal error: \S+\.(?:h|hpp|hh|hxx|inc)\b
    (?i)error: command '
    (?i)make(?:\[\d+\])?: (?:cc|gcc|g\+\+|c\+\+): 
    (?i)^(?:warning|npm warn|W:)
    (?i)Could not fetch URL
    (?i)docker daemon
    (?i)Connection reset|Network is unreachable
    (?i)npm (?:error|ERR!) 404
    (?i)could not read (?:username|password)
  RE
  subject    = coalesce(pip_filename, replace(path, "chromium_headless_shell", "chrome-headless-shell"), wget_file, curl_file)
  summary    = coalesce(path, wget_file, curl_file) == "" ? "A file that the step needs is not there." : "${coalesce(path, wget_file, curl_file)} is not there."
  summary_zh = coalesce(path, wget_file, curl_file) == "" ? "步骤需要的文件不存在。" : "${coalesce(path, wget_file, curl_file)} 不存在。"
}

# pip repeats a path in full; the warning before has it as it was written.
fact "pip_filename" {
  match = "Requirement '(?P<pip_filename>[^']+)' looks like a filename, but the file does not exist"
}

fact "wget_file" {
  match = "^--20\\d\\d-\\d\\d-\\d\\d .*https?://\\S+/(?P<wget_file>[^/\\s?]+)(?:\\?\\S*)?$"
}

fact "curl_file" {
  match = "curl .*https?://[^\\s/]+/(?:\\S*/)?(?P<curl_file>[\\w.-]+)"
}

# A download that is not there explains what its absence breaks afterwards.
rule "missing_download" {
  category   = "missing_file"
  priority   = 52
  match      = <<-RE
    curl: \(22\) .*(?:error: 404|错误：404)
    curl: \(78\) 
    ^20\d\d-\d\d-\d\d [\d:]+ (?:ERROR|错误) 404
    \bERROR 404: Not Found
  RE
  tool       = "curl"
  subject    = fetched_file
  version    = fetched_version
  summary    = "${coalesce(fetched_file, "What the step downloads")} is not there (404)."
  summary_zh = "要下载的 ${coalesce(fetched_file, "文件")} 不存在（404）。"
}

# What curl fetched for bash was an error page.
rule "missing_file_executed" {
  category   = "missing_file"
  priority   = 56
  match      = <<-RE
    line \d+: 404:+ (?:command not found|未找到命令|not found)
    : 404:: not found
    line \d+: (?:Not|<!DOCTYPE|<html>?|<\?xml): (?:command not found|No such file)
    near unexpected token [`']?(?:<|newline|html)
  RE
  subject    = coalesce(wget_file, curl_file)
  summary    = "What was downloaded and executed is an error page: the address is wrong."
  summary_zh = "下载并执行的是一个错误页面：地址不对。"
}

sample "requirements" {
  log       = "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'"
  exit_code = 1
  want      = { category = "missing_file", subject = "requirements.txt" }
}

sample "cp" {
  log       = "cp: cannot stat '/src/app.conf': No such file or directory"
  exit_code = 1
  want      = { category = "missing_file", subject = "/src/app.conf" }
}
