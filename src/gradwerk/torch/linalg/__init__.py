"""torch.linalg."""

from gradwerk.ops.lapack import LinAlgError as LinAlgError
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.linalg.decompositions import cholesky as cholesky
from gradwerk.torch.linalg.decompositions import cholesky_ex as cholesky_ex
from gradwerk.torch.linalg.decompositions import eig as eig
from gradwerk.torch.linalg.decompositions import eigh as eigh
from gradwerk.torch.linalg.decompositions import eigvals as eigvals
from gradwerk.torch.linalg.decompositions import eigvalsh as eigvalsh
from gradwerk.torch.linalg.decompositions import qr as qr
from gradwerk.torch.linalg.decompositions import svd as svd
from gradwerk.torch.linalg.decompositions import svdvals as svdvals
from gradwerk.torch.linalg.inverses import det as det
from gradwerk.torch.linalg.inverses import inv as inv
from gradwerk.torch.linalg.inverses import inv_ex as inv_ex
from gradwerk.torch.linalg.inverses import lstsq as lstsq
from gradwerk.torch.linalg.inverses import pinv as pinv
from gradwerk.torch.linalg.inverses import slogdet as slogdet
from gradwerk.torch.linalg.inverses import solve as solve
from gradwerk.torch.linalg.inverses import solve_ex as solve_ex
from gradwerk.torch.linalg.inverses import solve_triangular as solve_triangular
from gradwerk.torch.linalg.inverses import tensorinv as tensorinv
from gradwerk.torch.linalg.inverses import tensorsolve as tensorsolve
from gradwerk.torch.linalg.norms import cond as cond
from gradwerk.torch.linalg.norms import matrix_norm as matrix_norm
from gradwerk.torch.linalg.norms import matrix_rank as matrix_rank
from gradwerk.torch.linalg.norms import norm as norm
from gradwerk.torch.linalg.norms import vector_norm as vector_norm
from gradwerk.torch.linalg.products import cross as cross
from gradwerk.torch.linalg.products import matmul as matmul
from gradwerk.torch.linalg.products import matrix_exp as matrix_exp
from gradwerk.torch.linalg.products import matrix_power as matrix_power
from gradwerk.torch.linalg.products import multi_dot as multi_dot
from gradwerk.torch.linalg.products import vander as vander
from gradwerk.torch.linalg.products import vecdot as vecdot

__getattr__ = ORIGINAL.module("torch.linalg", __name__)
