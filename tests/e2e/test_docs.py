"""What the documentation says works: the first trace of the README, and every configuration key."""

import re
import subprocess
import sys

from harness import ROOT, clean_environment, cli


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


def test_the_first_trace_of_the_readme_arrives(server):
    (program,) = blocks("README.md", "python")
    assert len([line for line in program.splitlines() if line]) <= 10
    env = {**clean_environment(), "OTEL_EXPORTER_OTLP_ENDPOINT": server.otlp_http}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (query,) = re.findall(r'telltale sql "(.*)"', (ROOT / "README.md").read_text())
    rows = server.sql(query)
    assert sorted(row[0] for row in rows) == ["agent.run", "chat"]
    assert {row[2] for row in rows} == {None, "my-model"}


def test_every_documented_key_exists_and_takes_its_default(tmp_path):
    rows = re.findall(r"^\| `([a-z_.]+)` \| (?:`([^`]*)`)? ?\|", (ROOT / "docs/configuration.md").read_text(), re.M)
    assert len(rows) > 30
    sections = {}
    for key, default in rows:
        section, _, name = key.rpartition(".")
        if default:
            sections.setdefault(section, []).append(f'{name} = "{default}"')
    lines = sections.pop("")
    for section, keys in sections.items():
        lines += [f"[{section}]", *keys]
    config = tmp_path / "telltale.toml"
    config.write_text("\n".join(lines))
    done = cli("check-config", "--config", config)
    assert done.returncode == 0, done.stderr
