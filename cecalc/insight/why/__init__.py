"""Why a number differs: recipes that could have made it, from sums over the rows.

`scores` and `forms` say how losses may be computed, `misread` and `mistakes` what people do;
`summing` adds up a batch, `tally` merges; `of_classes` and `of_cells` turn sums into numbers,
`recipes` lists them all, `verdict` compares them with the one that was asked about.
"""
