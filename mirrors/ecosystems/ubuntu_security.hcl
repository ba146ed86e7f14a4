# In no built-in profile: a mirror would delay fixes.
order    = 13
title    = "Ubuntu security updates"
group    = "apt"
tools    = ["apt"]
how      = "mirror lists in /etc/apt"
native   = "apt tries them in turn, the official server last"
explicit = true

rewrite "apt" { match = "/ubuntu security" }

probe {
  path   = "/dists/noble-security/InRelease"
  agent  = "Debian APT-HTTP/1.3 (2.8.3)"
  marker = "Origin: Ubuntu"
  stamp  = "apt"
}
