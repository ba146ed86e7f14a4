# What was downloaded is not what was announced.
rule "integrity" {
  category   = "integrity"
  priority   = 72
  match      = <<-RE
    (?i)failed to verify the checksum of `(?P<package>[\w-]+)
    (?i)signature from "[^"]*" is (?:unknown trust|invalid|marginal trust)
    Hashes are required in --require-hashes mode, but they are missing
    In `?--require-hashes`? mode, all requirements must have (?:a hash|their versions pinned).*?(?:: (?P<package>[A-Za-z0-9][\w.-]*)(?:==(?P<version>\S+))?)?$
    (?:Wheel|wheel) '(?P<package>[^']+)' located at \S+ is invalid
    (?P<package>[A-Za-z0-9][\w.-]*) has an invalid wheel
    (?i)\bbad crc\b
    Size mismatch for `(?P<package>[A-Za-z0-9][\w.-]*)
    Failed to unzip wheel: (?P<package>[A-Za-z0-9][\w.]*?)-(?P<version>\d[\w.]*)
    Package metadata (?:name|version) `[^`]*` does not match given (?:name|version) `(?P<package>[^`]+)`
    Archive contains (?:a file|unexpected|duplicate)
    Integrity check failed for "(?P<package>[^"]+)"
    pack has bad object at offset
    no valid OpenPGP data found
    '(?P<package>[^']+)' is not a Debian format archive
    dpkg-deb: error: .*(?:corrupt|unexpected end of file|not a Debian)
    Invalid archive signature
    CondaVerificationError
    ChecksumMismatchError
    InvalidArchiveError
    (?i)The package for (?P<package>[\w.-]+) located at \S+ appears to be corrupted
    Conda detected a mismatch between the expected content
    (?i)failed to extract archive: (?P<package>[A-Za-z0-9][\w.]*?)-(?P<version>\d[\w.]*)
    (?i)error: (?:invalid distance|invalid block type|invalid stored block|invalid code lengths|incorrect (?:data|header) check|too many length)
    not found in known hashes
    Retrieved digests for links .* not in poetry\.lock
    Hash for (?P<package>[A-Za-z0-9][\w.-]*) \([^)]+\) from archive
    (?i)checksum for .* (?:does not match|mismatch)
    (?i)expected sha\d+ .* (?:got|actual)
    (?i)invalid or corrupted (?:package|database)
    (?i)(?:one or more )?PGP signatures? could not be verified
    (?i)do not match the hashes from the requirements file
    ^(?P<package>[A-Za-z0-9][\w.-]*)(?:==(?P<version>\S+))? from \S+ ?.*:$
    (?i)hash (?:sum )?mismatch(?: for `(?P<package>[A-Za-z0-9][\w.-]*)(?:==(?P<version>[^`]+))?`)?
    \bEINTEGRITY\b
    (?i)integrity check(?:sum)? failed(?: for tarball: (?P<package>\S+))?
    (?i)checksum (?:mismatch|failed|validation failed|verification failed|did not match|error|doesn't match)
    (?i)checksumming .* failed
    ERR_PNPM_TARBALL_INTEGRITY .*/-/(?P<package>[\w.-]+?)-\d[^/"]*\.tgz
    (?P<package>(?:@[\w.-]+/)?[\w.-]+)@npm:(?P<version>[^:\s]+): The remote archive doesn't match the expected checksum
    (?i)doesn't match the expected (?:checksum|hash|integrity)
    (?i)integrity (?:check )?(?:failed|mismatch)
    (?i)(?:NO_PUBKEY|EXPKEYSIG|KEYEXPIRED|REVKEYSIG|BADSIG) (?P<key>[0-9A-F]+)
    (?i)at least one invalid signature was encountered
    The repository '\S+ (?P<package>[\w./-]+) (?:In)?Release' is not signed
    (?i)signatures? (?:couldn't be verified|could not be verified|verification failed|were invalid|did not verify)
    (?i)untrusted signature
    (?i)bad signature
    (?i)release file for \S+?/dists/(?P<package>[\w.-]+)/\S* is (?:not valid yet|expired)
    (?i)file has unexpected size
    (?i)writing more data than expected
    (?i)unexpected size
    (?i)invalid (?:tar (?:header|magic)|gzip|magic|compressed data)
    (?i)unexpected end of (?:data|archive)
    (?i)(?:this does not look like a tar archive|file is not a zip file|end-of-central-directory signature not found)
    (?i)bad ?zip ?file|badzipfile
    (?i)crc (?:error|failed|mismatch)
    (?i)(?:sha256|sha512|sha1|md5)(?:sum)? (?:mismatch|does not match|error)
    (?i)sha(?:256|512|1)sum: WARNING: \d+ computed checksum
    (?i)digest (?:mismatch|did not match|does not match|invalid)
    (?i)failed size validation
    (?i)verifying (?P<package>\S+)@(?P<version>\S+): checksum mismatch
    (?i)SECURITY ERROR
    (?i)gpg(?:v)?: (?:bad signature|can't check signature)
    GPG check FAILED
    (?i)(?:package|rpm) .* (?:is not signed|not signed|Public key .* is not (?:correct|installed))
    (?i)wrong hash|unexpected hash|ChecksumMismatchError
    (?i)at verifysignature .*corepack
    Cannot find matching keyid
    (?i)\bcorrupt(?:ed)? (?:archive|download|tarball|package|zip|cache)
    (?i)archive(?: \S+)? (?:has|is) (?:truncated|corrupt)
    (?i)premature end of (?:file|archive)|truncated (?:gzip|tar|zip|input)
    (?i)zlib: unexpected end of file|incorrect (?:data|header) check|Z_BUF_ERROR|Z_DATA_ERROR
    哈希(?:校验)?(?:和|值)?不(?:匹配|符)
    Hash-Summe stimmt nicht überein
    Somme de contrôle de hachage incohérente
    La suma hash difiere
    (?i)BAD archive|v2 package.*format error
  RE
  except     = <<-RE
    (?i)trying again|will retry|retrying
    (?i)while looking for matching
    (?i)syntax error|in JSON|JSON input|parsing
    (?i)while reading
    (?i)unexpected end of file, got
    ^\S+\.(?:sh|py|js|c|cpp|go|rs)
  RE
  unless     = <<-RE
    (?i)json input|JSONParse|EJSONPARSE
    (?i)syntax error: unexpected end of file
    ^Giving up\.$
    \(\d+: Connection reset by peer\)
    (?i)curl 28 |curl 56 |curl 18 
  RE
  subject    = coalesce(key, package, apk_index, sum_file, npm_tarball, pip_hash_package, corepack, fetched_file, apt_host)
  version    = coalesce(version, pip_hash_version, fetched_file == "" ? "" : fetched_version)
  summary    = "${coalesce(key, package, npm_tarball, pip_hash_package, "The download")} is not what was announced: hash, signature or size differ."
  summary_zh = "${coalesce(key, package, npm_tarball, pip_hash_package, "下载的内容")} 与声明的不符：哈希、签名或大小不一致。"
}

# What is no archive, or half of one, was most often never the file: a page that
# says so, or a download that broke without a word.
rule "integrity_archive" {
  category   = "integrity"
  priority   = 70
  confidence = "medium"
  match      = <<-RE
    (?i)not in gzip format
    (?i)(?:gzip|tar|xz|bzip2|zstd|unzip|dpkg-deb|zlib|archive).*unexpected end of file
    (?i)unexpected end of file.*(?:gzip|tar|archive)
  RE
  except     = <<-RE
    (?i)trying again|will retry|retrying
    (?i)syntax error|in JSON|JSON input|parsing
    ^npm (?:WARN|warn)
  RE
  unless     = <<-RE
    (?i)json input|JSONParse|EJSONPARSE
    ^Giving up\.$
    \(\d+: Connection reset by peer\)
    curl: \(\d+\) 
  RE
  subject    = coalesce(fetched_file, npm_tarball)
  version    = fetched_file == "" ? "" : fetched_version
  summary    = "${coalesce(fetched_file, "What was downloaded")} is not the archive that it should be."
  summary_zh = "${coalesce(fetched_file, "下载的内容")} 不是预期的压缩包。"
  fix {
    title    = "Let curl fail where the server does (curl -fSL), and check the address: it may answer with an error page."
    title_zh = "让 curl 在服务器出错时失败（curl -fSL），并检查地址：返回的可能是错误页面。"
  }
}

fact "apk_index" {
  match = <<-RE
    (?:fetching|opening|updating and opening) https?://\S+: (?:UNTRUSTED|BAD) signature
  RE
  value = "APKINDEX"
}

fact "sum_file" {
  match = "^(?P<sum_file>\\S+): FAILED(?: open or read)?$"
}

fact "npm_tarball" {
  match = "tarball data for (?P<npm_tarball>(?:@[\\w.-]+/)?[\\w.-]+)@"
}

fact "pip_hash_package" {
  match = <<-RE
    ^(?P<pip_hash_package>[A-Za-z0-9][\w.-]*)(?:\[\S+\])?==\S+ from https?://
    ^(?P<pip_hash_package>[A-Za-z0-9][\w.-]*)(?:\[\S+\])?==\S+ --hash=
  RE
}

fact "pip_hash_version" {
  match = "^[A-Za-z0-9][\\w.-]*(?:\\[\\S+\\])?==(?P<pip_hash_version>\\S+) from https?://"
}

fact "corepack" {
  match = "at verifySignature .*corepack|corepack (?P<corepack>pnpm|yarn) "
}

sample "pip" {
  log  = <<-LOG
    ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please update the hashes.
        idna==3.10 from https://files.example/packages/idna-3.10-py3-none-any.whl#sha256=bdf3 (from -r requirements.txt (line 1)):
  LOG
  want = { category = "integrity", subject = "idna", retryable = "true" }
}

sample "apt_key" {
  log  = "W: GPG error: http://apt.example/debian stable InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY E1DB7246EAFF72F4"
  want = { category = "integrity", subject = "E1DB7246EAFF72F4" }
}

sample "tar" {
  log  = "gzip: stdin: not in gzip format"
  want = { category = "integrity" }
}
