#!/bin/sh
# Variables and options that packaging and documentation name are the
# program's, image and units are of this version, and manifests are YAML.
set -u
cd "${top_srcdir:-.}" || exit 1
demo=${top_builddir:-.}/demo-server/mcps-demo
bad=0
help=$("$demo" --help) || exit 1

complain() {
	echo "$*"
	bad=1
}

for file in packaging/Dockerfile packaging/compose.yaml docs/OPERATING.md \
	docs/KUBERNETES.md README.md tests/container/*.mjs; do
	for name in $(grep -o '\bMCPS_[A-Z_]*[A-Z]\b' "$file" | sort -u); do
		# Names of the library and of our tests are in the same name space.
		case $name in
		MCPS_UNKNOWN_* | MCPS_FIELD* | MCPS_E_* | MCPS_ON_CORRUPT_* | \
			MCPS_OK | MCPS_DEMO | MCPS_CONTAINER_ENGINE) continue ;;
		esac
		echo "$help" | grep -q "\b$name\b" ||
			complain "$file: mcps-demo knows no $name"
	done
done
# shellcheck disable=SC2016 # backquotes are Markdown's
for option in $(grep -oh '`--[a-z-]*' docs/OPERATING.md docs/KUBERNETES.md README.md |
	tr -d '`' | sort -u); do
	echo "$help" | grep -q -e " $option\b" ||
		grep -q -e "--$option\b" configure.ac ||
		case $option in --with-systemdsystemunitdir) ;; *) false ;; esac ||
		complain "mcps-demo has no $option"
done
version=$(sed -n 's/^AC_INIT(\[mcps\], \[\(.*\)\])$/\1/p' configure.ac)
grep -qF "image.version=\"$version\"" packaging/Dockerfile ||
	complain "packaging/Dockerfile: not version $version"
base=$(sed -n 's/^ARG BASE=//p' packaging/Dockerfile)
grep -qF "image.base.name=\"$base\"" packaging/Dockerfile ||
	complain "packaging/Dockerfile: its label names another base than $base"
for file in packaging/template/Dockerfile tests/container/engine.mjs; do
	grep -qE "BASE ?= ?'?$base\b" "$file" ||
		complain "$file: another base than $base"
done
grep -qF "image: mcps-demo:$version" docs/KUBERNETES.md ||
	complain "docs/KUBERNETES.md: not version $version"

# Each block of the page is YAML, each mount has a volume, probes ask the health
# address, and a pod has time for its drain.
python3 - <<'END' || complain 'docs/KUBERNETES.md: a wrong manifest'
import re
import yaml

text = open("docs/KUBERNETES.md").read()
blocks = [list(yaml.safe_load_all(block))
          for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
assert len(blocks) == 2, blocks
kinds = {part["kind"]: part for part in blocks[0]}
assert sorted(kinds) == ["Deployment", "PersistentVolumeClaim", "Service"]

deployment = kinds["Deployment"]["spec"]
pod = deployment["template"]["spec"]
server = pod["containers"][0]
given = {entry["name"]: entry["value"] for entry in server["env"]}
ports = {port["name"]: str(port["containerPort"]) for port in server["ports"]}
volumes = {volume["name"] for volume in pod["volumes"]}
mounts = {mount["mountPath"]: mount for mount in server["volumeMounts"]}

assert deployment["replicas"] == 1
assert deployment["strategy"]["type"] == "Recreate"
assert "fsGroup" in pod["securityContext"]
assert pod["terminationGracePeriodSeconds"] > 2 + int(given["MCPS_DRAIN"][:-1])
assert given["MCPS_LISTEN"] == ":" + ports["mcp"]
assert given["MCPS_HEALTH"] == ":" + ports["health"]
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    assert server[probe]["httpGet"]["port"] == "health", probe
for mount in list(mounts.values()) + blocks[1][0]["initContainers"][0]["volumeMounts"]:
    assert mount["name"] in volumes, mount
for name in ("MCPS_KEY_FILE", "MCPS_TOKENS"):
    assert given[name] in mounts, name
store = given["MCPS_STORE"].split(":", 1)[1]
assert store.rsplit("/", 1)[0] in mounts, store
assert kinds["Service"]["spec"]["ports"][0]["targetPort"] in ports
assert (kinds["PersistentVolumeClaim"]["metadata"]["name"] in
        [volume.get("persistentVolumeClaim", {}).get("claimName")
         for volume in pod["volumes"]])
END
exit $bad
