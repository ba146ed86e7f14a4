# A program imports what is not installed.
# expect: asked 1

template "module-yaml" {
  batch "work" {
    run = ["python3 -c 'import yaml'"]
  }
}
