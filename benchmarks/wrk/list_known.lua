dofile("common.lua")

function init(args)
  request = get_in_turn("list", args[3], true)
end
