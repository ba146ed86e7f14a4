# The mirror bears central's own id: what is in ~/.m2 stays usable without it.
order = 190
title = "Java packages: Maven, Gradle"
tools = ["maven", "gradle"]
how   = "~/.m2/settings.xml, ~/.gradle/init.d"

edit "~/.m2/settings.xml" {
  place  = "new"
  unless = "<mirrorOf>(\\*|central|external:\\*)"
  also   = ["/etc/maven/settings.xml", "/usr/share/maven/conf/settings.xml"]
  text   = <<-EOT
    <settings>
      <mirrors>
        <mirror><id>central</id><mirrorOf>central</mirrorOf><url>$${url}/</url></mirror>
      </mirrors>
    </settings>
  EOT
}

edit "~/.gradle/init.d/e2bt-mirror.gradle" {
  place = "new"
  text  = <<-EOT
    def central = org.gradle.api.artifacts.ArtifactRepositoryContainer.MAVEN_CENTRAL_URL
    def swap = { handler -> handler.all { if (it.hasProperty("url") && "$${it.url}" == central) it.url = "$${url}/" } }
    allprojects { swap(repositories); swap(buildscript.repositories) }
    gradle.settingsEvaluated { s ->
      swap(s.pluginManagement.repositories)
      if (s.hasProperty("dependencyResolutionManagement")) swap(s.dependencyResolutionManagement.repositories)
    }
  EOT
}

caches = ["~/.m2/repository/*.lastUpdated", "~/.m2/repository/resolver-status.properties"]

probe {
  path   = "/junit/junit/maven-metadata.xml"
  agent  = "Apache-Maven/3.9.9 (Java 21; Linux 6.1)"
  marker = "<artifactId>junit</artifactId>"
  sample = "/junit/junit/4.13.2/junit-4.13.2.jar"
}
