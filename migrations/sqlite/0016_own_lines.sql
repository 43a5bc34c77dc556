-- Whether a number is one of our own lines is asked of each missed caller, and told by this index alone, however many days
-- and calls there are.
create index lines_by_number on cells (subject, bucket) where tier = 2;
