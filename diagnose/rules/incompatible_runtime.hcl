# It exists, but not for this Python, Node, libc, architecture or engine.
rule "incompatible_runtime" {
  category   = "incompatible_runtime"
  priority   = 61
  match      = <<-RE
    (?i)digital envelope routines::unsupported
    (?i)no native build was found for platform
    (?i)the @?\S+ package .*(?:optional dependency|not compatible with) .*platform
    (?i)You installed \S+ for another platform
    (?i)requires macOS|only supported on (?:macOS|Windows)
    Package '(?P<package>[^']+)' requires a different Python: (?P<have>\S+) not in '(?P<needs>[^']+)'
    ERROR: (?P<package>[\w.-]+) requires Python '(?P<needs>[^']+)' but the running Python is
    (?P<package>[A-Za-z0-9][\w.]*(?:-[A-Za-z][\w.]*)*)-(?P<version>\d[\w.+]*)(?:-\w+)?-[\w.]+-[\w.]+-[\w.]+\.whl is not a supported wheel on this platform
    (?i)is not a supported wheel on this platform
    (?i)wheel .* is not (?:supported|compatible)
    (?i)currently activated Python version \S+ is not supported by the project \((?P<needs>[^)]+)\)
    (?i)current project's (?:supported )?python requirement \((?P<needs>[^)]+)\) is not compatible
    (?i)The current Python version \(\S+\) is not (?:compatible|supported)
    CMake (?P<needs>[\d.]+) or higher is required\.  You are running version
    (?i)supported Python range \([^)]*\) is not compatible with some of the required packages
    (?P<package>[\w.-]+) requires Python (?P<needs>\S+), so it will not be (?:satisfied|installable)
    (?i)Current Python version \(\S+\) is not allowed by the project \((?P<needs>[^)]+)\)
    (?i)requires python (?P<needs>[<>=~!]\S+) but you have
    dependency is incompatible with the current platform
    requested Python version `[^`]+` is incompatible with the project `requires-python` value of `(?P<needs>[^`]+)`
    Python request from `[^`]+` resolved to Python \S+, which is incompatible with the project's Python requirement: `(?P<needs>[^`]+)`
    Distribution `(?P<package>[A-Za-z0-9][\w.-]*?)(?:==(?P<version>[^\s`]+))?[^`]*` can't be installed because (?:the binary distribution is incompatible|it doesn't have a source distribution or wheel for the current|it is marked as)
    Required (?P<package>uv|poetry) version `(?P<needs>[^`]+)` does not match the running version
    The package `(?P<package>[^`]+)` was built for a different platform
    Package `(?P<package>[^`]+)` requires Python (?P<needs>[<>=!~]\S+), but the target Python version is
    No download found for request: (?P<package>\S+)
    (?i)no interpreter found for Python (?P<needs>\S+)
    (?i)no python .* (?:found|matching).*(?:requires-python|version request)
    (?i)the requested interpreter resolved to Python \S+, which is incompatible with the project's Python requirement: `(?P<needs>[^`]+)`
    (?i)requires-python .* (?:is incompatible|does not)
    module 'pkgutil' has no attribute 'ImpImporter'
    ModuleNotFoundError: No module named '(?:distutils|imp|asyncore|pipes|cgi|ensurepip\.[a-z]+)'
    AttributeError: module '(?:collections|configparser|inspect|ast)' has no attribute '\w+'
    cannot import name '\w+' from 'collections'
    use_2to3 is invalid
    TypeError: 'type' object is not subscriptable
    TypeError: unsupported operand type\(s\) for \|: 'type'
    AttributeError: type object '\S+' has no attribute '\w+'.*python
    npm (?:error|ERR!) code EBADENGINE
    npm (?:error|ERR!) code EBADPLATFORM
    npm (?:error|ERR!) notsup Unsupported (?:engine|platform) for (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>[^:\s]+): wanted: ?(?P<needs>.+?)(?: \(current|$)
    npm (?:error|ERR!) notsup Unsupported platform for (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>[^:\s]+): 
    npm (?:error|ERR!) notsup Not compatible with your (?:version of node/npm|operating system or architecture): (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>\S+)
    ERR_PNPM_UNSUPPORTED_ENGINE
    ERR_PNPM_UNSUPPORTED_PLATFORM
    Your (?:Node|pnpm|npm|yarn) version is incompatible with "(?P<package>(?:@[\w.-]+/)?[^@"]+)@(?P<version>[^"]+)"
    (?i)your (?:pnpm|node|npm|yarn) version is incompatible with
    (?i)this version of (?P<package>pnpm|npm|yarn) requires (?:at least )?Node\.?js (?P<needs>v?\S+)
    npm (?:does not support|v[\d.]+ does not support|is known not to run on) Node\.js
    ERROR: npm v\S+ (?:is known not to (?:work|run) on|does not support) Node
    (?i)error (?P<package>(?:@[\w.-]+/)?[^@\s]+)@(?P<version>\S+): The (?:engine|platform) "(?P<engine>\w+)" is incompatible with this module
    (?i)The (?:engine|platform) "\w+" is incompatible with this module
    (?i)requires Node\.js (?:version )?(?P<needs>[>=<^v~]*\d\S*)
    (?i)You are using Node\.js \S+, but
    (?i)Node\.js version .* (?:is )?(?:required|not supported)
    (?i)Unsupported (?:Node|node)(?:\.js)? version
    SyntaxError: Unexpected token '?(?:\?\?=|\?\.|\|\|=|&&=|\?|\.)'?$
    SyntaxError: Unexpected reserved word
    SyntaxError: The requested module 'node:\S+' does not provide
    (?i)Error \[ERR_UNKNOWN_BUILTIN_MODULE\]
    ERR_REQUIRE_ESM|ERR_OSSL_EVP_UNSUPPORTED|ERR_DLOPEN_FAILED
    (?i)was compiled against a different Node\.js version
    NODE_MODULE_VERSION
    ^(?P<package>[\w./+-]+): (?:\S+: )?version [`']GLIBC(?:XX)?_[\d.]+' not found
    (?i)version [`']GLIBC\w*_[\d.]+' not found
    (?i)exec format error
    (?i)cannot execute binary file
    (?i)wrong ELF class
    Error loading shared library ld-linux
    Error relocating \S+: __\w+: symbol not found
    (?i)musl.*glibc|ld-musl-\S+: (?:not found|no such file)
    rosetta error
    (?i)Illegal instruction
    (?i)package architecture \((?P<arch>\w+)\) does not match system
    (?i)(?:rustc|cargo|package) .* is not supported by the following package
    (?P<package>[\w-]+)@(?P<version>\S+) requires rustc (?P<needs>\S+)
    (?i)package `(?P<package>[\w-]+) v(?P<version>[^`]+)` cannot be built because it requires rustc (?P<needs>\S+)
    (?i)requires rustc (?P<needs>[\d.]+) or newer
    (?i)feature `edition20\d\d` is required
    (?P<package>[\w.-]+)-(?P<version>\d[\w.]*) requires (?:Ruby|RubyGems) version (?P<needs>[^.]+\.\d+)
    (?i)requires ruby version (?P<needs>[><=~ ]+[\d.]+)
    (?i)Your Ruby version is \S+, but your Gemfile specified (?P<needs>\S+)
    go(?:\.mod)? requires go (?P<needs>>= \S+) \(running
    (?i)requires go (?P<needs>>= [\d.]+)
    (?i)invalid go version '(?P<needs>[^']+)'
    (?i)note: module requires Go (?P<needs>\S+)
    (?i)UnsupportedClassVersionError|class file has wrong version|invalid (?:target|source) release: |release version \d+ not supported|Fatal error compiling: error: (?:invalid|release)
    (?i)has been compiled by a more recent version of the Java
    (?i)following specifications were found to be incompatible with your system
    (?i)following specifications were found to be incompatible with the existing python installation
    (?i)(?P<package>[\w.-]+)=\S+ -> __(?:cuda|glibc|unix|osx|linux|win)
    (?P<package>[A-Za-z0-9][\w.-]*)==(?P<version>\S+) has no wheels? with a matching
    (?i)no wheels? (?:with|found).*(?:matching|compatible) (?:platform|python|abi)
    (?i)is not supported on this platform|unsupported platform: |not available for (?:linux|your platform|this architecture)
    (?i)does not support chromium on|playwright does not support|ERROR: Playwright does not
    (?i)this binary (?:is not|was not) (?:compatible|compiled)
    (?i)requires a newer version of glibc
  RE
  except     = <<-RE
    ^npm (?:WARN|warn)
    (?i)^warning
    (?i)exec format error.*docker
    ^Traceback
    failed to launch\. This usually means
  RE
  unless     = <<-RE
    ^npm (?:error|ERR!) code ERESOLVE
  RE
  subject    = coalesce(package, old_setuptools, python_project, failed_package, pip_building, pip_directory, bad_arch, go_runtime)
  version    = coalesce(needs != "" && found_npm == "" ? needs : "", version, needs)
  summary    = "${coalesce(package, failed_package, pip_building, pip_directory, "It")} does not fit this runtime${needs == "" ? "" : ", it needs ${needs}"}."
  summary_zh = "${coalesce(package, failed_package, pip_building, pip_directory, "它")} 不适合当前的运行环境${needs == "" ? "" : "，需要 ${needs}"}。"
}

# A source for Python 2 in a package; in the user's own file it is a mistake in
# that file.
rule "incompatible_python2" {
  category   = "incompatible_runtime"
  tool       = "pip"
  priority   = 63
  match      = <<-RE
    SyntaxError: Missing parentheses in call to '(?P<word>print|exec)'
    SyntaxError: multiple exception types must be parenthesized
    NameError: name '(?P<word>unicode|xrange|basestring|raw_input)' is not defined
    ModuleNotFoundError: No module named '(?P<word>ConfigParser|urllib2|Queue|StringIO|commands)'
  RE
  when       = pip_setup != ""
  subject    = coalesce(build_list, failed_package, pip_building, pip_directory)
  version    = coalesce(failed_version, pip_package == failed_package ? pip_version : "")
  summary    = "${coalesce(failed_package, pip_building, pip_directory, "The package")} is written for Python 2."
  summary_zh = "${coalesce(failed_package, pip_building, pip_directory, "这个软件包")} 是为 Python 2 编写的。"
}

fact "found_npm" {
  match = "^npm (?P<found_npm>error|ERR!) "
}

# Setuptools from before Python 3.12 asks for what is gone since.
fact "old_setuptools" {
  match = "module 'pkgutil' has no attribute 'ImpImporter'"
  value = "setuptools"
}

fact "python_project" {
  match = "currently activated (?P<python_project>Python) version|current (?P<python_project>Python) version \\("
  value = "python"
}

fact "bad_arch" {
  match = "(?:^|: line \\d+: )\\S*?(?P<bad_arch>[\\w.-]+): cannot execute binary file"
}

fact "go_runtime" {
  match = "(?P<go_runtime>go)(?:\\.mod| \\S+)? requires go >="
}

# pip lists the versions that it skipped for their Requires-Python. They matter
# where the one that was asked for is among them, or where nothing else is left.
# Names that exist for Windows alone; pip says no more than that it finds none.
rule "incompatible_windows" {
  category   = "incompatible_runtime"
  tool       = "pip"
  priority   = 46
  confidence = "medium"
  match      = <<-RE
    Could not find a version that satisfies the requirement (?P<package>pywin32|pypiwin32|pywinpty|winshell|win10toast|WMI|python-magic-bin)\b.*from versions:
  RE
  subject    = package
  summary    = "${package} exists, but for Windows alone."
  summary_zh = "${package} 只支持 Windows。"
  fix {
    title    = "Leave ${package} out on Linux: in requirements.txt, ${package}; sys_platform == \"win32\"."
    title_zh = "在 Linux 上不要安装 ${package}：在 requirements.txt 里写 ${package}; sys_platform == \"win32\"。"
  }
}

rule "incompatible_python_pip" {
  category   = "incompatible_runtime"
  tool       = "pip"
  priority   = 64
  match      = <<-RE
    Could not find a version that satisfies the requirement (?P<package>[A-Za-z0-9][\w.-]*)\S*?==(?P<version>[\w.!+]+)
    Could not find a version that satisfies the requirement (?P<package>[A-Za-z0-9][\w.-]*).*from versions: none
  RE
  when       = ignored_versions != "" && (version == "" || length(split(" ${version} Requires-Python", " ${ignored_versions}")) > 1)
  subject    = package
  version    = version
  summary    = "${package} ${version} exists, but not for this Python."
  summary_zh = "${package} ${version} 存在，但不支持当前的 Python。"
  detail     = "pip skipped: ${ignored_versions}"
  detail_zh  = "pip 跳过了：${ignored_versions}"
}

fact "ignored_versions" {
  match = "Ignored the following versions that require a different python version: (?P<ignored_versions>.*)"
}

sample "pip" {
  log  = <<-LOG
    ERROR: Ignored the following versions that require a different python version: 1.26.4 Requires-Python >=3.9; 2.0.2 Requires-Python >=3.9
    ERROR: Could not find a version that satisfies the requirement numpy==2.0.2 (from versions: 1.24.4)
    ERROR: No matching distribution found for numpy==2.0.2
  LOG
  want = { category = "incompatible_runtime", tool = "pip", subject = "numpy", version = "2.0.2" }
}

sample "npm" {
  log  = <<-LOG
    npm error code EBADENGINE
    npm error notsup Not compatible with your version of node/npm: npm@11.6.1
    npm error notsup Required: {"node":"^20.17.0 || >=22.9.0"}
  LOG
  want = { category = "incompatible_runtime", tool = "npm", subject = "npm", version = "11.6.1" }
}

sample "glibc" {
  log  = "node: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by node)"
  want = { category = "incompatible_runtime", subject = "node" }
}

sample "warning_only" {
  log  = <<-LOG
    npm warn EBADENGINE Unsupported engine {
    npm error code E404
    npm error 404  'lefft-padd@*' is not in this registry.
  LOG
  want = { category = "missing_package", subject = "lefft-padd" }
}
