# A file that the step needs is not there.
rule "missing_file" {
  category = "missing_file"
  priority = 42
  match    = <<-RE
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
  RE
  subject  = path
  summary  = path == "" ? "A file that the step needs is not there." : "${path} is not there."
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
