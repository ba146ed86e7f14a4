order = 120
title = "Conda packages"
tools = ["conda"]
how   = "/etc/conda/condarc.d"

edit "/etc/conda/condarc.d/e2bt-mirror.yml" {
  place = "new"
  text  = <<-EOT
    channel_alias: $${url}/cloud
    default_channels:
      - $${url}/pkgs/main
      - $${url}/pkgs/r
  EOT
}

caches = ["~/.conda/pkgs/cache", "/opt/conda/pkgs/cache", "~/miniconda3/pkgs/cache", "~/miniforge3/pkgs/cache"]

probe {
  path   = "/cloud/conda-forge/noarch/repodata.json.zst"
  agent  = "conda/25.5.0"
  marker = ""
  sample = "/cloud/conda-forge/noarch/repodata.json.zst"
}
