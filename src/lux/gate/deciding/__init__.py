"""Around a decision: the company's policy, who decides, how many yeses there are, comments, history, figures."""
