# The keys that E2B's Python SDK computes for the files of COPY steps, for each
# case of cases.json.
import json

from e2b import Template

keys = []
with open("cases.json", encoding="utf-8") as cases:
    for case in json.load(cases):
        try:
            template = Template(file_context_path=case["dir"]).from_image("debian:12").copy(case["src"], case["dest"])
            keys.append(json.loads(Template.to_json(template))["steps"][0]["filesHash"])
        except Exception as e:
            keys.append("error: " + str(e).split("\n")[0])
print(json.dumps({"keys": keys}))
