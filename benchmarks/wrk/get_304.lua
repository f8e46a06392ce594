dofile("common.lua")

function init(args)
  request = http_gets("get", args[3], true)
end
