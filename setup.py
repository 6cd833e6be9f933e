"""Packaging of crossinfonet: 3D hand pose estimation from a single depth image."""

import importlib.metadata
import pathlib
import sys
import sysconfig

import setuptools

DEMO = ["starlette>=0.40", "uvicorn>=0.30"]
LITERT = ["ai-edge-litert>=2.1", "ai-edge-quantizer>=0.6"]
ONNX = ["onnx>=1.18", "tf2onnx>=1.17"]
SERVING = ["grpcio>=1.66", "protobuf>=6.31", "urllib3>=2"]

NAME = "crossinfonet"


def others_named_datasets():
    """Installed projects, beside this one, with a package ``datasets``, e.g. Hugging Face's.

    pip builds in a process that cannot import what is installed, so the folders are looked through.
    """
    folders = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    if not any(pathlib.Path(folder, "datasets/__init__.py").is_file() for folder in folders):
        return []
    return [
        f"{found.name} {found.version} in {found.locate_file('datasets')}"
        for found in importlib.metadata.distributions(path=sorted(folders))
        if found.name != NAME and any(file.as_posix() == "datasets/__init__.py" for file in found.files or ())
    ]


for other in others_named_datasets():
    sys.exit(
        f"error: {NAME} has a package called datasets, and so has {other}; install {NAME} into a virtual "
        "environment without it"
    )

setuptools.setup(
    name=NAME,
    version="0.2.0",
    description="3D hand pose estimation from a single depth image: CrossInfoNet in TensorFlow 2 / Keras 3",
    long_description=pathlib.Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    keywords=[
        "3d hand pose estimation",
        "hand tracking",
        "depth camera",
        "depth image",
        "crossinfonet",
        "keras",
        "tensorflow",
        "tensorflow serving",
    ],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    python_requires=">=3.10,<3.14",
    packages=setuptools.find_packages(include=["crossinfo", "crossinfo.*", "datasets", "datasets.*"]),
    package_data={
        "crossinfo": ["weights/*", "web/*", "serving/*", "serving/examples/*"],
        "crossinfo.reports": ["templates/*"],
        "datasets.synthetic": ["assets/*"],
    },
    py_modules=["train", "evaluate"],
    install_requires=[
        "tensorflow>=2.21",
        "keras>=3.12",
        "numpy>=1.26",
        "opencv-python>=4.10",
        "h5py>=3.11",
        "absl-py>=2.1",
        "jinja2>=3.1",
        "matplotlib>=3.8",
        "tensorboard>=2.20",
        "scipy>=1.13",
        "tabulate>=0.9",
        "tqdm>=4.66",
        "wrapt>=1.14",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21"],
        "serving": SERVING,
        "camera": ["pyrealsense2>=2.55"],
        "demo": DEMO,
        "litert": LITERT,
        "onnx": ONNX,
        "test": [
            *SERVING,
            *DEMO,
            *LITERT,
            *ONNX,
            "httpx>=0.27",
            "hypothesis>=6.100",
            "onnxruntime>=1.20",
            "playwright>=1.49",
            "pytest>=8.0",
            "pytest-xdist>=3.5",
            "ruff>=0.6",
            "tensorflow-serving-api>=2.21",
        ],
    },
)
