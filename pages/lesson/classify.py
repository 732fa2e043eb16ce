"""The trained model reads a digit."""

import numpy as np

from model import make_model, set_weights, to_tensors

model = make_model().eval()
set_weights(model, np.load("results/fedavg/global_model.npz").values())
test = np.load("partitions/test.npz")
images, labels = to_tensors(test["images"][:1], test["labels"][:1])
print(f"The model reads {model(images).argmax().item()}, the label says {labels.item()}")
