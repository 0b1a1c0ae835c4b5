mod answers;
mod corrections;
mod damage;
mod fuzz;
mod isolation;
mod limits;
mod pruning;
