"""The CNN of McMahan et al. 2017 (arXiv 1602.05629), section 3, and heterogeneity's federation with it.

python -m beyond.communication.paper_cnn --clients 100 --fraction-fit 0.1 --learning-rate 0.01
"""

import torch.nn.functional as F
from torch import nn

from beyond.heterogeneity import federation
from support.command_line import run_command


class PaperCNN(nn.Module):
    """Two padded 5x5 convolutions with 32 and 64 channels, each max-pooled, and two linear layers.

    1,663,370 weights. Takes images (batch, 1, 28, 28), returns scores (batch, 10).
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5, padding=2)
        self.fc1 = nn.Linear(64 * 7 * 7, 512)
        self.fc2 = nn.Linear(512, 10)

    def forward(self, images):
        """Return ten scores for every image."""
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)  # -> (batch, 32, 14, 14)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # -> (batch, 64, 7, 7)
        x = F.relu(self.fc1(x.flatten(start_dim=1)))  # -> (batch, 512)
        return self.fc2(x)  # -> (batch, 10)


def main(arguments=None):
    """Run the command line described above."""
    federation.main(arguments, make_model=PaperCNN)


if __name__ == "__main__":
    run_command(main)
