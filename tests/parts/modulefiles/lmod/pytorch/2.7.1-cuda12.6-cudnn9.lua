-- A site's container module: `python` is a script that runs the image's python. The other versions are links to this
-- file, as on sites that keep one file for all.
help([[
PyTorch ]] .. myModuleVersion() .. [[ in a container, with CUDA and cuDNN.

    module load pytorch/]] .. myModuleVersion() .. [[

    python train.py
]])
whatis("Name: pytorch")
whatis("Version: " .. myModuleVersion())
whatis("Category: machine learning")
whatis("Keywords: PyTorch, CUDA, container")
whatis("Description: Tensors and dynamic neural networks in Python with GPU acceleration")
whatis("URL: https://pytorch.org")

depends_on("apptainer/1.4.5")
conflict("tensorflow")
prepend_path("PATH", "@PARTS@/software/pytorch/" .. myModuleVersion() .. "/bin")
setenv("PYTORCH_IMAGE", "@PARTS@/images/pytorch-" .. myModuleVersion() .. ".sif")
