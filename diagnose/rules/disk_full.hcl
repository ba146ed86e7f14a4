# No space left, in the words of systems and tools.
rule "disk_full" {
  category   = "disk_full"
  priority   = 95
  match      = <<-RE
    (?i)no space left on device(?P<what>)
    (?P<path>/[^\s:]+): no space left on device
    (?i)(?:error writing|cannot write|write error|writing|write|copying) ['"‘“]?(?P<path>[^'"’”\s:]+)['"’”]?: (?:write failed: )?no space left on device
    (?i)not enough (?:free )?(?:disk )?space
    (?i)insufficient (?:free )?(?:disk )?space
    (?i)you don't have enough free space in (?P<path>\S+?)\.?$
    (?i)disk quota exceeded
    NoSpaceLeftError
    (?i)\bENOSPC\b(?:.* for "(?P<path>[^"]+)")?
    \[Errno 28\]
    (?i)disk full
    设备上没有空间
    Auf dem Gerät ist kein Speicherplatz mehr verfügbar
    Aucun espace disponible sur le périphérique
    Plus d'espace disponible
    No queda espacio en el dispositivo
    '(?P<path>[^']+)': Não há espaço disponível no dispositivo
    Não há espaço disponível no dispositivo
    Spazio esaurito sul device
    На устройстве не осталось свободного места
    デバイスに空き領域がありません
    exceeds the maximum filesystem size
    uncompressed Docker image size .* exceeds
    (?i)filesystem is full
    (?i)at least \d+.{1,3}B (?:more )?space needed
  RE
  except     = <<-RE
    (?i)number of file watchers|inotify
  RE
  unless     = "number of file watchers reached"
  subject    = coalesce(pulling == "" ? "" : base_reference, go_target, bun_package, curl_output, path)
  version    = pulling == "" ? go_target_version : ""
  summary    = "The disk is full."
  summary_zh = "磁盘已满。"
  fix {
    when     = image != "" || base_image != ""
    title    = "Or start from a smaller image than ${coalesce(image, base_image)}."
    title_zh = "或者换用比 ${coalesce(image, base_image)} 更小的镜像。"
  }
}

fact "go_target" {
  match = "^(?:/?(?:root/)?go)?/?pkg/mod/(?P<go_target>[\\w./!-]+)@[^/]+/"
}

fact "go_target_version" {
  match = "^(?:/?(?:root/)?go)?/?pkg/mod/[\\w./!-]+@(?P<go_target_version>[^/]+)/"
}

fact "bun_package" {
  match = "ENOSPC extracting tarball for \"(?P<bun_package>[^\"]+)\""
}

fact "curl_output" {
  match = "\\bcurl .*(?:-o|--output) \\S*?(?P<curl_output>[^/\\s]+)(?: |$)"
}

# curl gives a full disk no name.
rule "disk_full_curl_23" {
  category   = "disk_full"
  tool       = "curl"
  priority   = 44
  confidence = "medium"
  match      = <<-RE
    curl: \(23\) (?:Failure writing output to destination|Failed writing body|client returned ERROR on write)
    curl: \(23\) 
  RE
  unless     = <<-RE
    (?i)not found$
    (?i)(?:permission denied|no such file)
    未找到命令
  RE
  when       = exit_code == 23
  subject    = coalesce(curl_output, fetched_file)
  summary    = "curl could not write what it downloaded, most often because the disk is full."
  summary_zh = "curl 无法写入下载的内容，最常见的原因是磁盘已满。"
}

sample "english" {
  log  = "OSError: [Errno 28] No space left on device"
  want = { category = "disk_full" }
}

sample "chinese" {
  log  = "tar: app/model.bin: 无法 write: 设备上没有空间"
  want = { category = "disk_full" }
}

sample "e2b_image" {
  log  = "Build failed: the uncompressed Docker image size (12000 MB) exceeds the maximum filesystem size (10000 MB)"
  want = { category = "disk_full" }
}

sample "curl" {
  log       = "curl: (23) Failure writing output to destination"
  exit_code = 23
  want      = { category = "disk_full", confidence = "medium" }
}
