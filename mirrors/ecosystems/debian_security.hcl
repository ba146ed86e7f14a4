# In no built-in profile: a mirror would delay fixes.
order    = 11
title    = "Debian security updates"
group    = "apt"
tools    = ["apt"]
how      = "mirror lists in /etc/apt"
native   = "apt tries them in turn, the official server last"
explicit = true

rewrite "apt" { match = "/debian-security" }

probe {
  path   = "/dists/stable-security/InRelease"
  agent  = "Debian APT-HTTP/1.3 (2.6.1)"
  marker = "Origin: Debian"
  stamp  = "apt"
}
