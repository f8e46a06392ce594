dofile("common.lua")
local create = post("create")
local number = 0

function request()
  number = number + 1
  return create('{"input":{"clientContext":"created ' .. number .. '","status":"Running",'
    .. '"participants":['
    .. '{"identity":{"user":{"id":"user-' .. number .. '","displayName":"User ' .. number .. '"}},'
    .. '"region":"amer","languageId":"en-US"},'
    .. '{"identity":{"user":{"id":"' .. host_id(number % 100) .. '","displayName":"Host"}}},'
    .. '{"identity":{"phone":{"id":"+1206' .. number .. '"}}}]}}')
end

response = fail_on_error
