"""The container's files, as Docker, Codespaces, Binder and a JupyterHub read them; no container is built here."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.courses import COURSE
from utils import environment

LINUX = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "implementation_name": "cpython"}


def read(name):
    return (COURSE / name).read_text(encoding="utf-8")


def instructions(name):
    """What the Dockerfile tells each instruction of this name, in its order."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.M).replace("\\\n", "")
    return re.findall(rf"^{name} +(.*)", text, re.M)


def python():
    """The Python of the container."""
    [image] = instructions("FROM")
    return re.fullmatch(r"python:(3\.\d+)-slim-[a-z]+", image)[1]


def required(*names):
    """The requirements of these files."""
    lines = [line.partition("#")[0].strip() for name in names for line in read(name).splitlines()]
    return [Requirement(line) for line in lines if line]


def pinned(lock):
    """The version of each package that a lock installs in the container."""
    pins = [Requirement(line.removesuffix("\\")) for line in lock.splitlines() if re.match(r"\w", line)]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate({**LINUX, "python_version": python()})]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in here}


def unmet(lock, requirements):
    """The requirements that a lock does not satisfy, with what it has instead."""
    pins = {requirement: pinned(lock).get(canonicalize_name(requirement.name)) for requirement in requirements}
    return [f"{asked}: {has}" for asked, has in pins.items() if has is None or not asked.specifier.contains(has)]


def test_the_lock_satisfies_what_the_course_and_a_hub_ask_for():
    """Where it does not, the command in the lock's second line makes it anew."""
    assert unmet(read("requirements.lock"), required("requirements.txt", "hub/requirements.txt")) == []


def test_a_lock_that_does_not_satisfy_a_requirement_is_found():
    lock = "keras==2.15.0 \\\n    --hash=sha256:0\nnumpy==2.0.0 ; sys_platform == 'win32' \\\n    --hash=sha256:0\njupyter==1.1.1"
    asked = [Requirement(line) for line in ("keras>=3.0,<4", "numpy>=1.26", "Jupyter>=1.1")]
    assert unmet(lock, asked) == ["keras<4,>=3.0: 2.15.0", "numpy>=1.26: None"]


def test_the_lock_is_for_the_containers_python_names_no_registry_and_has_a_hash_for_each_package():
    lock = read("requirements.lock")
    assert f"--python-version {python()} " in lock.splitlines()[1]
    assert "//" not in lock
    packages = re.split(r"\n(?=\w)", lock)[1:]
    assert len(packages) > 50 and all("--hash=sha256:" in package for package in packages)


def test_the_container_has_a_python_that_the_course_supports():
    assert environment.OLDEST_PYTHON <= tuple(map(int, python().split("."))) <= environment.NEWEST_PYTHON
    assert f"With Python {'.'.join(map(str, environment.OLDEST_PYTHON))} or newer" in read("README.md")


def test_everything_that_is_copied_into_the_container_exists_and_tests_are_not_copied():
    kept = re.findall(r"^!(.+)", read(".dockerignore"), re.M)
    copied = [words.split()[-2] for words in instructions("COPY")]
    assert kept and copied[-1] == "."
    assert [name for name in kept + copied if not (COURSE / name).exists()] == []
    assert not {"tests", ".git", "hub"} & set(kept)
    assert set(copied) <= {*kept, "."}  # what .dockerignore leaves out, COPY does not find


def test_the_containers_user_is_the_one_that_binder_and_the_chart_expect():
    assert set(instructions("ARG")) == {"NB_USER=jovyan", "NB_UID=1000"}
    assert instructions("USER") == ["${NB_UID}"] and instructions("WORKDIR") == ["${HOME}"]
    assert "HOME=/home/${NB_USER}" in instructions("ENV")[0]
    assert not instructions("ENTRYPOINT")  # Binder and the hub say what is to run
    assert {"notebook", "jupyterlab", "jupyterhub", "nbgitpuller"} <= set(pinned(read("requirements.lock")))


def test_codespaces_builds_the_same_dockerfile_and_opens_the_first_lab():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    folder = COURSE / ".devcontainer"
    assert (folder / container["build"]["dockerfile"]).resolve() == COURSE / "Dockerfile"
    assert (folder / container["build"]["context"]).resolve() == COURSE
    [first] = container["customizations"]["codespaces"]["openFiles"]
    assert (COURSE / first).is_file()


def gigabytes(amount):
    return float(re.fullmatch(r"([\d.]+)G", amount)[1])


def test_a_hubs_values_name_an_image_and_bound_what_a_student_takes():
    values = yaml.safe_load(read("hub/values.yaml"))
    student = values["singleuser"]
    assert student["image"]["name"] and student["image"]["tag"] != "latest"
    assert 1 <= gigabytes(student["memory"]["guarantee"]) < gigabytes(student["memory"]["limit"]) <= 4
    assert 0 < student["cpu"]["guarantee"] < student["cpu"]["limit"]
    assert student["storage"]["capacity"]
    assert values["cull"]["enabled"] is True and values["cull"]["timeout"] > values["cull"]["every"]
    [hub] = [requirement for requirement in required("hub/requirements.txt") if requirement.name == "jupyterhub"]
    assert hub.specifier.contains("5.5.0")  # the hub of the chart that values.yaml is for


def test_the_addresses_that_a_teacher_hands_out_open_a_notebook():
    links = [urlsplit(link) for link in re.findall(r"^https://\S+$", read("TEACHING.md"), re.M)]
    hub, binder = [parse_qs(link.query) for link in links]
    folder = hub["repo"][0].rsplit("/", 1)[-1]
    assert links[1].path.split("/")[4] == folder
    assert (COURSE / hub["urlpath"][0].removeprefix(f"lab/tree/{folder}/")).is_file()
    assert (COURSE / binder["urlpath"][0].removeprefix("lab/tree/")).is_file()
