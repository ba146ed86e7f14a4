# Every kind of base, and what a template takes over from another one.
template "default" {
  batch "one" { run = ["true"] }
}

template "private" {
  base {
    image = "registry.corp.example/hub/python:3"
    registry {
      username = "robot"
      password = "do-not-show"
    }
  }
}

template "parent" {
  user    = "app"
  workdir = "/app"
  batch "one" { run = ["true"] }
}

template "child" {
  base { template = template.parent }
  user    = "app"
  workdir = "/app"
  batch "as-before" { run = ["true"] }
  batch "both" {
    apt = ["git"]
    run = ["git init", "git status"]
  }
}

template "grandchild" {
  base { template = template.child }
  user = "user"
}

# What a template of the endpoint ends with is not known.
template "external" {
  base { template = "team/tools:v1" }
  batch "as-it-was" { run = ["true"] }
  batch "both" {
    apt = ["git"]
    run = ["git init", "git status"]
  }
  set {
    user    = "user"
    workdir = "work"
  }
  set {
    user    = "user"
    workdir = "work"
  }
  batch "known" {
    apt = ["git"]
    run = ["git init", "git status"]
  }
}
