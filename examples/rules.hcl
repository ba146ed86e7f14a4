# A failure rule of one's own: what it looks like in a log, and what to do.
# examples/broken/ has builds that the rules of e2bt itself explain.

rule "license" {
  match    = "LICENSE CHECK FAILED: (?P<package>\\S+)"
  category = "permission"
  summary  = "The licence check refused ${package}."
  fix      = "Ask for ${package} to be allowed, or remove it."
}

template "rules" {
  batch "licences" {
    timeout = "1m"
    run     = ["echo all licences are fine > /home/user/licences"]
  }

  check "licences" {
    command  = "cat /home/user/licences"
    contains = "fine"
  }
}
