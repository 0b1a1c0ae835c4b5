mod answers;
mod corrections;
mod fuzz;
mod isolation;
mod limits;
mod pruning;
