"""Conan 2 recipe. On Debian 12 (profile conan/profiles/debian12) every library
comes from the system: ConanCenter has no CAF 0.17.6, and mixing its packages
with the system's CAF would link two copies of OpenSSL.

    conan build conan -pr:a conan/profiles/debian12
    conan create conan -pr:a conan/profiles/debian12
"""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.system.package_manager import Apt

required_conan_version = ">=2.0"


class C3RenderWorker(ConanFile):
    name = "c3-render-worker"
    description = "Actor-model distributed render worker"
    license = "MIT"
    topics = ("rendering", "gpu", "actors", "queue")
    package_type = "application"
    settings = "os", "compiler", "build_type", "arch"

    @property
    def _root(self):
        return os.path.dirname(self.recipe_folder)

    def set_version(self):
        text = load(self, os.path.join(self._root, "CMakeLists.txt"))
        self.version = re.search(r"VERSION (\d+\.\d+\.\d+)\n", text).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "cmake/*", "messages/*", "actors/*",
                        "app/*", "deploy/*", "docs/*", "LICENSE", "env.sample"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def layout(self):
        # In a checkout the sources are one folder up; in the cache they are
        # where they were exported to.
        self.folders.root = ".."
        cmake_layout(self)

    def system_requirements(self):
        with open(os.path.join(self._source_root(), "deploy",
                               "packages-build.txt")) as names:
            packages = [x for x in (line.split("#")[0].strip()
                                    for line in names) if x]
        Apt(self).install(packages, check=True)

    def _source_root(self):
        for folder in (self._root, self.export_sources_folder or ""):
            if os.path.exists(os.path.join(folder, "deploy")):
                return folder
        return self._root

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.variables["RENDER_TESTS"] = False
        # The project's own CMakePresets.json stays the only one.
        toolchain.user_presets_path = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
