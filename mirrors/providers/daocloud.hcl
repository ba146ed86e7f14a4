title = "DaoCloud"
kind  = "vendor"
home  = "https://github.com/DaoCloud/public-image-mirror"
note  = "an allow-list, and a rate limit; manifests are an hour old at most"

image "docker.io" {
  prefix     = "m.daocloud.io/docker.io"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}

image "ghcr.io" {
  prefix     = "m.daocloud.io/ghcr.io"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}

image "quay.io" {
  prefix     = "m.daocloud.io/quay.io"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}

image "gcr.io" {
  prefix     = "m.daocloud.io/gcr.io"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}

image "registry.k8s.io" {
  prefix     = "m.daocloud.io/registry.k8s.io"
  source     = "https://github.com/DaoCloud/public-image-mirror"
  checked_at = "2026-08-21"
}
