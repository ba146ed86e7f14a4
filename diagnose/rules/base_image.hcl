# The base image, or its platform, is not to be had.
rule "base_image" {
  category   = "base_image"
  priority   = 85
  match      = <<-RE
    image '(?P<image_name>[^']+?)(?::(?P<tag>\w[\w.-]*))?' not found: 
    repository '(?P<image_name>[^']+?)(?::(?P<tag>\w[\w.-]*))?' not found: verify
    access denied to '(?P<image_name>[^']+?)(?::(?P<tag>\w[\w.-]*))?': you don't have permission to pull
    permission to pull this image
    invalid image reference '(?P<image_name>[^']+)'
    failed to pull image '(?P<image_name>[^']+?)(?::(?P<tag>\w[\w.-]*))?': registry returned status code 404
    image architecture "[^"]+" does not match expected 
    unsupported base image distribution
    pull access denied for (?P<image_name>[^\s,:]+)
    (?i)pull access denied, repository does not exist
    failed to resolve source metadata for (?P<image_name>[^\s,]+?)(?::(?P<tag>\w[\w.-]*))?: (?:[^\s,]+: )?(?:not found|pull access denied|no match)
    (?i)manifest for (?P<image_name>\S+?)(?::(?P<tag>\w[\w.-]*))? not found
    (?i)(?:reading manifest (?P<tag>\S+) in (?P<image_name>\S+): )?manifest unknown
    (?i)no match(?:ing)? (?:for platform in manifest|manifest for |image for platform|for platform)
    (?i)no image found in (?:image index|manifest list) for architecture
    (?i)image with reference (?P<image_name>\S+) was found but (?:does not|its platform)
    (?i)invalid reference format
    (?i)failed to parse stage name "(?P<image_name>[^"]+)"
    short-name "(?P<image_name>[^" ]+)" did not resolve to an alias
    (?i)requested access to the resource is denied
    (?i)initializing source docker://(?P<image_name>\S+?)(?::(?P<tag>\w[\w.-]*))?: .*(?:unknown|not found|denied)
    (?:^|[:] )template '(?P<image_name>[^']+)' not found
    tag '(?P<tag>[^']+)' does not exist for template '(?P<image_name>[^']+)'
    you don't have access to template '(?P<image_name>[^']+)'
    error getting base template
    error waiting for provisioning sandbox
    configuration script failed: 
    (?:^|ERROR: )(?P<image_name>[a-z0-9.-]+(?::\d+)?/[\w./-]+):(?P<tag>[\w.-]+): not found$
  RE
  unless     = <<-RE
    returned status code (?:429|5\d\d)
    toomanyrequests
    (?i)tls handshake timeout
  RE
  subject    = platform != "" ? coalesce(base_reference, image_name, image, base_image) : replace(coalesce(image_name, base_image, image), "docker.io/", "")
  version    = platform != "" ? "linux/amd64" : image_name == "" ? base_tag : tag
  summary    = "The base image ${coalesce(image_name, base_image, image)} is not to be had."
  summary_zh = "无法取得基础镜像 ${coalesce(image_name, base_image, image)}。"
}

fact "platform" {
  match = <<-RE
    (?i)no match(?:ing)? (?:manifest for |image for platform|for platform)
    (?i)no image found in (?:image index|manifest list) for architecture
    (?i)image architecture "[^"]+" does not match expected 
    (?i)was found but (?:does not|its platform)
  RE
  value = "linux/amd64"
}

# Which image a log says that it starts from.
fact "base_image" {
  match = <<-RE
    ^\[base\] FROM (?P<base_image>\S+?)(?::\w[\w.-]*)?(?: \[|$)
    load metadata for (?:docker\.io/(?:library/)?)?(?P<base_image>\S+?)(?::\w[\w.-]*)?$
  RE
}

fact "base_reference" {
  match = <<-RE
    ^\[base\] FROM (?P<base_reference>\S+)
    ^Step \d+/\d+ : FROM (?P<base_reference>\S+)
    (?i)trying to pull \S+?/(?P<base_reference>[^\s/]+/[^\s/]+?)\.\.\.$
  RE
}

fact "base_tag" {
  match = <<-RE
    ^\[base\] FROM \S+?:(?P<base_tag>\w[\w.-]*)(?: \[|$)
    load metadata for \S+?:(?P<base_tag>\w[\w.-]*)$
  RE
}

sample "e2b_not_found" {
  log    = "[base] FROM python:3.99-slim"
  reason = "image 'python:3.99-slim' not found: the image or tag does not exist in the registry"
  phase  = "base"
  want   = { category = "base_image", subject = "python", version = "3.99-slim" }
}

sample "buildkit" {
  log  = <<-LOG
    #2 [internal] load metadata for registry.example/base/web:2
    #2 ERROR: no match for platform in manifest: not found
  LOG
  want = { category = "base_image", subject = "registry.example/base/web:2", version = "linux/amd64" }
}
