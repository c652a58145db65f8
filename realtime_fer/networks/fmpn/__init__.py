"""FMPN-FER: a network that first says where an expression moves the face, and looks there.

Chen, Wang, Chen, Shi, Cai, "Facial Motion Prior Networks for Facial Expression Recognition", VCIP 2019 (arXiv 1902.08788).
`motion_mask_generator` draws a mask from the grey face, `prior_fusion` mixes the colour face with the masked grey one,
`inception_v3` (or `residual_classifier`, `dense_classifier`, our own `compact_classifier`) names the expression; `model` joins
the three and `export_form` wraps them for the running service. `whole_face` stands for the mask where one is to be done
without. `checkpoint` reads and writes weight files with the names the authors' code gives them (`weight_files`).
"""
