dofile("common.lua")
local page = post("page")
local cursors = {}
local index = 0

-- The second argument is the file with the cursors of the pages, written by run.py.
function init(args)
  for cursor in io.lines(args[2]) do
    table.insert(cursors, cursor)
  end
end

function request()
  index = index % #cursors + 1
  return page('{"first":10,"after":"' .. cursors[index] .. '"}')
end
