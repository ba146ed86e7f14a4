# The base image, or its platform, is not to be had.
rule "base_image" {
  category = "base_image"
  priority = 80
  match    = <<-RE
    image '(?P<image_name>[^']+)' not found: 
    repository '(?P<image_name>[^']+)' not found: verify
    access denied to '(?P<image_name>[^']+)': you don't have permission to pull
    invalid image reference '(?P<image_name>[^']+)'
    failed to pull image '(?P<image_name>[^']+)'
    image architecture "[^"]+" does not match expected 
    unsupported base image distribution
    pull access denied for (?P<image_name>[^\s,]+)
    (?i)pull access denied, repository does not exist
    failed to resolve source metadata for (?P<image_name>[^\s,]+): (?:[^\s,]+: )?(?:not found|pull access denied|no match)
    (?i)manifest (?:unknown|for (?P<image_name>\S+) not found)
    (?i)no match(?:ing)? (?:for platform in manifest|manifest for )
    (?i)invalid reference format
    short-name "?(?P<image_name>[^" ]+)"? did not resolve to an alias
    template '(?P<image_name>[^']+)' not found
    tag '[^']+' does not exist for template '(?P<image_name>[^']+)'
    error getting base template
  RE
  unless   = "returned status code (?:429|5\\d\\d)"
  subject  = coalesce(image_name, image)
  summary  = "The base image ${coalesce(image_name, image)} is not to be had."
}

sample "e2b_not_found" {
  log    = "[base] FROM python:3.99-slim"
  reason = "image 'python:3.99-slim' not found: the image or tag does not exist in the registry"
  phase  = "base"
  want   = { category = "base_image", subject = "python:3.99-slim" }
}

sample "buildkit" {
  log  = "#2 ERROR: no match for platform in manifest: not found"
  want = { category = "base_image" }
}
