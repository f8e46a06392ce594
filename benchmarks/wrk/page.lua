dofile("common.lua")
local page = post("page")
local cursors = {}
local next_one = 0

-- The cursors of the pages, in their order, as run.py found them.
function init(args)
  for cursor in io.lines(args[2]) do
    table.insert(cursors, cursor)
  end
end

function request()
  next_one = next_one % #cursors + 1
  return page('{"first":10,"after":"' .. cursors[next_one] .. '"}')
end
